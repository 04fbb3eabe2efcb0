import Control
import Foundation
import Mail
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

  @Test("takes from others the right to write where the ledgers are, and no right to look")
  func openState() async throws {
    let (home, _) = try await Home.prepared("doctor-open")
    #expect(try await home.run("sync").ending == .exited(0))
    try #require(unsafe chmod(home.stateDirectory, 0o777) == 0)
    let found = try await home.run("doctor")
    #expect(found.ending == .exited(1))
    #expect(found.output.contains("chmod go-w \(home.stateDirectory)"), "\(found.output)")
    #expect(try await home.run("doctor", "--fix").ending == .exited(0))
    #expect(try FileManager.default.attributesOfItem(atPath: home.stateDirectory)[.posixPermissions] as? Int == 0o755)
  }

  @Test("tells how many keywords stay on the server, as a sync does that is to say more", arguments: [26, 28])
  func keywords(count: Int) async throws {
    let (home, client) = try await Home.prepared("doctor-keywords\(count)")
    let keywords = try (0..<count).map { try #require(Keyword("word\($0)")) }
    for some in [keywords.prefix(20), keywords.dropFirst(20)] {
      try await client.append(letter("\(some.count)"), flags: FlagSet(keywords: Set(some)))
    }
    let sync = try await home.run("sync", "-v")
    #expect(sync.ending == .exited(0), "\(sync.errors)")
    #expect(sync.errors.contains("work: INBOX: all 26 letters for keywords are used up") == (count > 26))
    let found = try await home.run("doctor")
    #expect(found.ending == .exited(0), "\(found.output)")
    #expect(
      found.output.contains("INBOX/dovecot-keywords: 2 keywords beyond the 26 that have letters") == (count > 26),
      "\(found.output)")
  }

  @Test("finds that no ledger can be made, and none in a file whose making was broken off")
  func noPlace() async throws {
    let (home, _) = try await Home.prepared("doctor-place")
    let file = try home.folder.write("", to: "file")
    let refused = try await home.run("doctor", "--state-dir", file + "/state")
    #expect(refused.ending == .exited(1))
    #expect(refused.output.contains("searched: Not a directory. The ledger is to be kept there"), "\(refused.output)")
    _ = try home.folder.makeFolder(".local/state/martlet/work", mode: 0o700)
    try home.folder.write("", to: ".local/state/martlet/work/ledger.sqlite", mode: 0o600)
    let begun = try await home.run("doctor")
    #expect(begun.ending == .exited(0), "\(begun.output)")
    #expect(begun.output.contains("never synced"))
  }

  @Test("finds the ledger of a running daemon gone")
  func lostLedger() async throws {
    let (home, _) = try await Home.prepared("doctor-lost")
    let daemon = try await home.startDaemon()
    #expect(try await home.run("doctor").ending == .exited(0))
    try FileManager.default.removeItem(atPath: home.stateDirectory)
    let result = try await home.run("doctor")
    #expect(result.ending == .exited(1), "\(result.output)")
    #expect(result.output.contains("the daemon's ledger is not there any more"), "\(result.output)")
    #expect(!result.output.contains("never synced"))
    await daemon.stop()
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
