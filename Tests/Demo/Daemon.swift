import Foundation
import Support
import Synchronization

/// The real `martlet run`, with a configuration, a state and a home of its own.
final class Daemon: Sendable {
  let program: String
  let configuration: String
  let configurationFile: String
  let logFile: String
  private let folder: TemporaryDirectory
  private let child = Mutex<ChildProcess?>(nil)

  private static let logTailMax = 40

  init(
    _ options: DemoOptions, in folder: TemporaryDirectory, port: UInt16, authorityFile: String, maildir: String
  ) throws {
    program = options.program
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw DemoFailure("there is no program \(program); build it with 'make release', or name it with --martlet")
    }
    self.folder = folder
    logFile = options.logFile ?? folder.appending("martlet.log")
    let passwordFile = try folder.write(Stage.password + "\n", to: "password", mode: 0o600)
    configuration = """
      [accounts.demo.remote]
      host = "localhost"
      port = \(port)
      ca_file = "\(authorityFile)"
      user = "\(Stage.user)"
      password_file = "\(passwordFile)"

      [accounts.demo.local]
      path = "\(maildir)"
      layout = "nested"

      """
    configurationFile = try folder.write(configuration, to: "config.toml", mode: 0o600)
    _ = try folder.makeFolder("home", mode: 0o700)
  }

  /// What a person would type to have martlet look at the same configuration and state.
  func command(_ words: [String]) -> [String] {
    [program, "--config", configurationFile, "--state-dir", folder.appending("state")] + words
  }

  func start() throws {
    let started = try ChildProcess(command(["run"]), environment: environment, output: .file(logFile))
    child.withLock { $0 = started }
  }

  func stop() async {
    guard let running = child.withLock({ $0 }) else { return }
    await running.stop()
    child.withLock { $0 = nil }
  }

  /// Throws where martlet ended although nobody asked it to.
  func requireRunning() throws {
    guard let ending = child.withLock({ $0 })?.ending else { return }
    throw DemoFailure("martlet \(ending)")
  }

  func untilItEnds() async throws {
    while child.withLock({ $0 })?.isRunning == true { try await Task.sleep(for: .seconds(1)) }
  }

  /// The account as `martlet status --json` tells it.
  func status() async throws -> DaemonStatus {
    let result = try await ChildProcess.run(command(["status", "--json"]), environment: environment)
    guard result.succeeded else { throw DemoFailure("martlet status \(result.ending): \(result.errors)") }
    return try JSONDecoder().decode(DaemonStatus.self, from: Data(result.output.utf8))
  }

  var logTail: String {
    let log = String(decoding: FileManager.default.contents(atPath: logFile) ?? Data(), as: UTF8.self)
    return log.split(separator: "\n").suffix(Self.logTailMax).joined(separator: "\n")
  }

  private var environment: [String: String] {
    [
      "HOME": folder.appending("home"), "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
      "LANG": "C.UTF-8",
    ]
  }
}

/// As much of `martlet status --json` as the demo looks at.
struct DaemonStatus: Decodable {
  struct Account: Decodable {
    let state: String
    let queue: Int
    let lastError: String?
    let folders: [Folder]

    private enum CodingKeys: String, CodingKey {
      case state, queue, folders
      case lastError = "last_error"
    }
  }
  struct Folder: Decodable {
    let name: String
    let watch: String?
    let localWatch: String?
    let messages: Int

    private enum CodingKeys: String, CodingKey {
      case name, watch, messages
      case localWatch = "local_watch"
    }
  }
  let accounts: [Account]

  /// All folders are in sync and watched.
  var isAtRest: Bool { accounts.allSatisfy { $0.state == "watching" && $0.queue == 0 } }

  /// How the folders are watched, and how many each way: `NOTIFY (10 folders)`.
  var watches: String {
    let ways = accounts.flatMap(\.folders).reduce(into: [String: Int]()) { ways, folder in
      ways["\(folder.watch ?? "not") on the server, \(folder.localWatch ?? "not") in the Maildir", default: 0] += 1
    }
    return ways.sorted { $0.value > $1.value }.map { "\($0.value) folders: \($0.key)" }.joined(separator: "; ")
  }
}
