import Foundation
import Support
import Testing

@Suite("A wrong configuration")
struct ConfigurationErrorTests {
  private static let commands = ["run", "sync", "check", "folders", "status"]

  @Test("ends every command with 78, and says where and what was expected", arguments: commands)
  func everyCommand(command: String) async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("a") + "[accounts.a.remote.nonsense]\n")
    let result = try await home.run(command)
    #expect(result.ending == .exited(78))
    #expect(result.output.isEmpty)
    #expect(result.errors.hasPrefix("\(home.configurationFile):9: accounts.a.remote.nonsense: expected "))
  }

  @Test("that is missing is told with what to write", arguments: commands)
  func missing(command: String) async throws {
    let result = try await Home().run(command)
    #expect(result.ending == .exited(78))
    #expect(result.errors.contains("config.toml: expected a configuration"))
    #expect(result.errors.contains("[accounts.personal.remote]"))
  }

  @Test(
    "is told key by key, and nothing is done",
    arguments: [
      ("port = 1", "port = 70000", 3, "remote.port"), ("port = 1", "port = \"x\"", 3, "remote.port"),
      ("tls = \"none\"", "tls = \"maybe\"", 4, "remote.tls"), ("host =", "hots =", 2, "remote.hots"),
      ("[accounts.a.local]", "[accounts.a.locale]", 7, "locale"), ("path = \"~/Nowhere\"", "path = 7", 8, "local.path"),
      ("127.0.0.1", "imap.example.org", 4, "remote.tls"), ("user = \"nobody\"", "", 1, "remote"),
    ])
  func keys(right: String, wrong: String, line: Int, key: String) async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("a").replacing(right, with: wrong))
    let result = try await home.run("sync")
    #expect(result.ending == .exited(78))
    let told = result.errors.split(separator: "\n")
    #expect(
      told.contains { $0.hasPrefix("\(home.configurationFile):\(line): accounts.a.") && $0.contains(key) },
      "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: home.stateDirectory))
    #expect(!FileManager.default.fileExists(atPath: home.folder.appending("Nowhere")))
  }

  @Test("with a password that others can read is refused, and the password not shown (L13)")
  func openPassword() async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("a").replacing("\"pw\"", with: "\"hunter2\""), mode: 0o644)
    let result = try await home.run("sync")
    #expect(result.ending == .exited(78))
    #expect(result.errors.contains("config.toml:6: accounts.a.remote.password: expected"))
    #expect(!result.errors.contains("hunter2"))
  }

  @Test("is told as JSON where that is asked for")
  func json() async throws {
    let home = try Home()
    try home.configure("[accounts]\n")
    let result = try await home.run("sync", "--log-format", "json")
    #expect(result.ending == .exited(78))
    for line in result.errors.split(separator: "\n") {
      let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
      #expect(object["level"] == "error")
      #expect(object["message"]?.contains("config.toml") == true)
    }
    let homeless = try await home.run("status", "--log-format", "json", environment: ["HOME": ""])
    #expect(homeless.ending == .exited(78))
    let object = try JSONDecoder().decode([String: String].self, from: Data(homeless.errors.utf8))
    #expect(object["message"]?.contains("HOME") == true)
  }
}
