import Control
import Foundation
import Support
import Testing

@Suite("martlet doctor")
struct DoctorTests {
  @Test("tells of a server that cannot be reached also before the first sync, and makes nothing")
  func neverSynced() async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away"))
    let result = try await home.run("doctor", "--fix", "--json")
    #expect(result.ending == .exited(1), "\(result.errors)")
    let report = try ControlWire.value(DoctorReport.self, from: Array(result.output.utf8))
    #expect(report.exitCode == 1)
    #expect(report.allFindings.filter(\.isOpen).map(\.kind) == ["server"], "\(report)")
    #expect(report.allFindings.contains { $0.kind == "ledger" && $0.state == .note })
    #expect(try FileManager.default.contentsOfDirectory(atPath: home.path).sorted() == [".config", "run"])
  }

  @Test("finds nothing wrong with an account that can be synced, and was not yet")
  func beforeFirstSync() async throws {
    let home = try Home()
    try home.configure(Home.account("work", on: try await DovecotServer.shared(), user: "doctor"))
    let result = try await home.run("doctor")
    #expect(result.ending == .exited(0), "\(result.errors)\(result.output)")
    #expect(result.output.hasSuffix("\nnothing is wrong\n"))
    #expect(!FileManager.default.fileExists(atPath: home.stateDirectory))
  }

  @Test("leaves a directory as it is that is named as the password's file")
  func secretDirectory() async throws {
    let home = try Home()
    let directory = try home.folder.makeFolder("secrets", mode: 0o755)
    try home.configure(
      Home.unreachableAccount("away").replacing("password = \"pw\"", with: "password_file = \"\(directory)\""))
    let result = try await home.run("doctor", "--fix")
    #expect(result.ending == .exited(78))
    #expect(result.errors.contains("found what is not a file"), "\(result.errors)")
    #expect(try FileManager.default.attributesOfItem(atPath: directory)[.posixPermissions] as? Int == 0o755)
  }

  @Test("says what is wrong with the configuration, as every command does, and ends with 78")
  func configuration() async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away") + "[accounts.away.sync]\nspeed = 9\n")
    let result = try await home.run("doctor", "--fix")
    #expect(result.ending == .exited(78))
    #expect(result.errors.contains("config.toml:"), "\(result.errors)")
    #expect(result.output.isEmpty)
  }
}
