import Control
import Foundation
import Support
import Testing

/// A user's home directory, in which the built program is run as its user would.
final class Home: Sendable {
  let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory("home")
    _ = try folder.makeFolder("run", mode: 0o700)
    _ = try folder.makeFolder(".config/martlet", mode: 0o700)
  }

  var path: String { folder.path }
  var maildir: String { folder.appending("Mail") }
  var configurationFile: String { folder.appending(".config/martlet/config.toml") }
  var controlSocket: String { folder.appending("run/martlet/control.sock") }
  var stateDirectory: String { folder.appending(".local/state/martlet") }

  /// It is built beside the tests.
  static let program: String = {
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return tests.deletingLastPathComponent().appendingPathComponent("martlet").path
  }()

  func configure(_ text: String, mode: Int = 0o600) throws {
    try folder.write(text, to: ".config/martlet/config.toml", mode: mode)
  }

  /// Only what is named here: nothing of the tests' own environment reaches the program.
  func environment(_ extra: [String: String] = [:]) -> [String: String] {
    [
      "HOME": path, "XDG_RUNTIME_DIR": folder.appending("run"),
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no",
    ].merging(extra) { $1 }
  }

  func run(_ arguments: String..., environment extra: [String: String] = [:]) async throws -> ChildProcess.Result {
    try await ChildProcess.run([Self.program] + arguments, environment: environment(extra))
  }

  /// With the variable by which systemd says that standard error is the journal's.
  func runInJournal(_ arguments: String...) async throws -> ChildProcess.Result {
    let script = "JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec \"$@\""
    return try await ChildProcess.run(
      ["/bin/sh", "-c", script, "sh", Self.program] + arguments, environment: environment([:]))
  }

  func start(_ arguments: String..., environment extra: [String: String] = [:]) throws -> ChildProcess {
    try ChildProcess([Self.program] + arguments, environment: environment(extra))
  }

  /// The daemon, once it watches everything.
  func startDaemon(
    _ arguments: String..., environment extra: [String: String] = [:]
  ) async throws -> ChildProcess {
    let daemon = try ChildProcess([Self.program, "run"] + arguments, environment: environment(extra))
    _ = try await daemon.line(of: .errors) { $0.contains("watching ") }
    return daemon
  }

  func status() async throws -> StatusReport {
    let result = try await run("status", "--json")
    try #require(result.ending == .exited(0), "\(result.errors)")
    return try ControlWire.value(StatusReport.self, from: Array(result.output.utf8))
  }
}

extension Home {
  /// One with the account `work` of this user on the shared server, and the user's other client.
  static func prepared(_ user: String) async throws -> (Home, MailClient) {
    let server = try await DovecotServer.shared()
    let home = try Home()
    try home.configure(account("work", on: server, user: user))
    return (home, try await server.client(user))
  }

  /// An account on a server of the tests; every user's password is the server's.
  static func account(
    _ name: String, on server: DovecotServer, user: String, path: String = "~/Mail", extra: String = ""
  ) -> String {
    """
    [accounts.\(name).remote]
    host = "127.0.0.1"
    port = \(server.tlsPort)
    ca_file = "\(server.authorityFile)"
    user = "\(user)"
    password = "\(server.password)"
    [accounts.\(name).local]
    path = "\(path)"
    \(extra)

    """
  }

  /// An account whose server cannot be reached: nothing listens on port 1.
  static func unreachableAccount(_ name: String, path: String = "~/Nowhere") -> String {
    """
    [accounts.\(name).remote]
    host = "127.0.0.1"
    port = 1
    tls = "none"
    user = "nobody"
    password = "pw"
    [accounts.\(name).local]
    path = "\(path)"

    """
  }
}

extension DovecotServer {
  /// One server for all tests that do not stop it or change it; each test takes a user of its own.
  static func shared() async throws -> DovecotServer { try await sharedTask.value }

  private static let sharedTask = Task { try await DovecotServer.started() }
}

/// A small message that no other is equal to.
func letter(_ subject: String) -> [UInt8] {
  Array(
    "From: a@example.org\r\nSubject: \(subject)\r\nMessage-ID: <\(UUID().uuidString)@example.org>\r\n\r\nHello\r\n".utf8
  )
}
