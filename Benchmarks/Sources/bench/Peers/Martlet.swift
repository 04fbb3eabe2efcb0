import Foundation
import Mail
import Support
import Synchronization

/// martlet itself, as a person would run it: with a configuration, a state and a home of its own.
final class Martlet: Contestant {
  /// Which server, and how it is reached.
  struct Server {
    let port: UInt16
    let isTLS: Bool
    let user: String
    let password: String
    let authorityFile: String

    init(_ server: any MailServer, user: String, isTLS: Bool = true, port: UInt16? = nil) {
      self.port = port ?? (isTLS ? server.tlsPort : server.plainPort)
      self.isTLS = isTLS
      self.user = user
      password = server.password
      authorityFile = server.authorityFile
    }
  }

  let name = "martlet"
  let watchesMaildir = true
  let likeness = Likeness.exact(but: [])
  private let program: String
  private let scratch: TemporaryDirectory
  private let configurationFile: String
  private let logFile: String
  private let child = Mutex<ChildProcess?>(nil)

  private static let restLimit = Duration.seconds(300)
  private static let logTailMax = 20

  /// Between a server and a Maildir.
  convenience init(_ options: Options, _ server: Server, maildir: String, folders: Int, scratch: TemporaryDirectory)
    throws
  {
    try self.init(options, server, local: "path = \"\(maildir)\"", folders: folders, scratch: scratch)
  }

  /// Between two servers.
  convenience init(_ options: Options, _ server: Server, other: Server, folders: Int, scratch: TemporaryDirectory)
    throws
  {
    let local = "type = \"imap\"\n" + (try Self.table(other, folders, "other-password", scratch))
    try self.init(options, server, local: local, folders: folders, scratch: scratch)
  }

  private init(_ options: Options, _ server: Server, local: String, folders: Int, scratch: TemporaryDirectory) throws {
    try options.requireMartlet()
    program = options.martlet
    self.scratch = scratch
    if let folder = options.logFolder {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      logFile = folder + "/\(server.user)-\(server.port).log"
    } else {
      logFile = scratch.appending("martlet.log")
    }
    configurationFile = try scratch.write(
      """
      [accounts.bench.remote]
      \(try Self.table(server, folders, "password", scratch))

      [accounts.bench.local]
      \(local)

      """, to: "config.toml", mode: 0o600)
    _ = try scratch.makeFolder("home", mode: 0o700)
  }

  /// The keys of a server. Connections enough for each folder to have one in IDLE.
  private static func table(
    _ server: Server, _ folders: Int, _ passwordName: String, _ scratch: TemporaryDirectory
  ) throws -> String {
    let passwordFile = try scratch.write(server.password + "\n", to: passwordName, mode: 0o600)
    let security = server.isTLS ? "ca_file = \"\(server.authorityFile)\"" : "tls = \"none\""
    return """
      host = "\(server.isTLS ? "localhost" : "127.0.0.1")"
      port = \(server.port)
      \(security)
      user = "\(server.user)"
      password_file = "\(passwordFile)"
      max_connections = \(folders + 4)
      """
  }

  // MARK: One pass

  /// The program and arguments of `martlet sync`.
  var syncCommand: [String] { command("sync") }

  var environment: [String: String] {
    [
      "HOME": scratch.appending("home"), "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
      "LANG": "C.UTF-8",
    ]
  }

  // MARK: Running

  var processIdentifier: Int32? { child.withLock { $0?.identifier } }

  func start() async throws {
    let started = try ChildProcess(command("run"), environment: environment, output: .file(logFile))
    child.withLock { $0 = started }
    let deadline = Deadline(in: Self.restLimit)
    var last = "no status yet"
    while true {
      try requireRunning()
      let result = try await ChildProcess.run(command("status", "--json"), environment: environment)
      if result.succeeded {
        let status = try JSONDecoder().decode(MartletStatus.self, from: Data(result.output.utf8))
        if status.isAtRest { return }
        last = result.output
      } else {
        last = result.errors
      }
      guard !deadline.hasPassed else { throw BenchError("martlet does not come to rest: \(last)\n\(logTail)") }
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  func requireRunning() throws {
    if let ending = child.withLock({ $0?.ending }) { throw BenchError("martlet \(ending)\n\(logTail)") }
  }

  func stop() async {
    await child.withLock { $0.take() }?.stop()
  }

  var logTail: String {
    let log = String(decoding: FileManager.default.contents(atPath: logFile) ?? Data(), as: UTF8.self)
    return log.split(separator: "\n").suffix(Self.logTailMax).joined(separator: "\n")
  }

  private func command(_ words: String...) -> [String] {
    [program, "--config", configurationFile, "--state-dir", scratch.appending("state")] + words
  }
}

/// As much of `martlet status --json` as is looked at.
private struct MartletStatus: Decodable {
  struct Account: Decodable {
    let state: String
    let queue: Int
  }
  let accounts: [Account]

  /// All folders are in sync and watched.
  var isAtRest: Bool { !accounts.isEmpty && accounts.allSatisfy { $0.state == "watching" && $0.queue == 0 } }
}
