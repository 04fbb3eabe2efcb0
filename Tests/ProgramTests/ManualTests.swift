import Foundation
import Support
import Testing

@Suite("The manual")
struct ManualTests {
  @Test("names every command, option and exit code of the program")
  func complete() async throws {
    let manual = try String(contentsOf: Self.root.appending(path: "docs/man/martlet.1"), encoding: .utf8)
    for command in ["run", "sync", "status", "check", "folders", "doctor"] {
      #expect(manual.contains(".It Cm \(command)"), "\(command)")
      let help = try await Home().run(command, "--help").output
      for option in help.matches(of: /--([a-z-]+)/).map(\.output.1) {
        #expect(manual.contains("Fl -\(option)"), "\(command) --\(option)")
      }
    }
    for code in [0, 1, 64, 69, 70, 75, 77, 78] { #expect(manual.contains("\n.It \(code)\n"), "\(code)") }
  }

  @Test("has an example that is a configuration")
  func example() async throws {
    let manual = try String(contentsOf: Self.root.appending(path: "docs/man/martlet.toml.5"), encoding: .utf8)
    let example = try #require(manual.firstMatch(of: /\.Bd -literal\n([\s\S]*?)\.Ed/)?.output.1)
    let home = try Home()
    try home.configure(String(example))
    let status = try await home.run("status")
    #expect(status.ending == .exited(0), "\(status.errors)")
  }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
}
