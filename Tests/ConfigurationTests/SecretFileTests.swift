import Configuration
import Glibc
import Support
import Testing

@Suite("Passwords that others could read (L13)")
struct SecretFileTests {
  /// The suite holds it, so that it is there until the test has ended.
  private let scratch: TemporaryDirectory

  init() throws { scratch = try TemporaryDirectory("configuration") }

  private static func errors(_ file: String) -> [ConfigurationError] {
    do {
      _ = try Configuration.load(try Paths(environment: ["HOME": "/home/me"], configurationFile: file))
      return []
    } catch {
      return error.errors
    }
  }

  @Test("a password in a file that others can read is refused", arguments: [0o644, 0o640, 0o604, 0o602])
  func literal(mode: Int) throws {
    let text = (Fixture.remote + Fixture.local).replacing("password_command", with: "password")
    let errors = try Self.errors(scratch.write(text, to: "open.toml", mode: mode))
    #expect(errors.map(\.line) == [4])
    #expect(errors.first?.found == "mode 0" + String(mode, radix: 8))
    #expect(errors.first?.expected.contains("chmod 600") == true)
    #expect(try Self.errors(scratch.write(text, to: "shut.toml", mode: 0o600)).isEmpty)
    #expect(try Self.errors(scratch.write(text, to: "read-only.toml", mode: 0o400)).isEmpty)
  }

  @Test("a password file that others can read is refused; the configuration itself may then be open")
  func passwordFile() throws {
    let secret = try scratch.write("x", to: "secret", mode: 0o644)
    let text = (Fixture.remote + Fixture.local).replacing(
      "password_command = \"pass\"", with: "password_file = \"\(secret)\"")
    let file = try scratch.write(text, to: "config.toml", mode: 0o644)
    let errors = Self.errors(file)
    #expect(errors.map(\.key) == ["accounts.a.remote.password_file"])
    #expect(errors.first?.expected.contains(secret) == true)
    _ = try scratch.write("x", to: "secret", mode: 0o600)
    #expect(Self.errors(file).isEmpty)
  }

  @Test("a password file that is none is told as such, and nobody is to shut it", arguments: ["directory", "pipe"])
  func noFile(kind: String) throws {
    let secret = scratch.appending("secret")
    try #require(unsafe kind == "pipe" ? mkfifo(secret, 0o600) == 0 : mkdir(secret, 0o755) == 0)
    let text = (Fixture.remote + Fixture.local).replacing(
      "password_command = \"pass\"", with: "password_file = \"\(secret)\"")
    let errors = try Self.errors(scratch.write(text, to: "config.toml", mode: 0o600))
    #expect(errors.map(\.key) == ["accounts.a.remote.password_file"])
    #expect(errors.first?.found == "what is not a file")
    #expect(errors.first?.openSecret == nil)
  }
}
