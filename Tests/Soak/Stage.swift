import Control
import Foundation
import Mail
import Support

/// Server, network, daemon and Maildir.
final class Stage: Sendable {
  static let user = "soaked"
  /// Those that all clients share; no one removes them.
  static let folders = ["INBOX", "Work", "Entwürfe", "Lists/swift"].compactMap(FolderName.init)
  /// The keywords in use: in each folder's table from the beginning, for programs that move a file do not look there.
  static let keywords = ["$Junk", "Work", "todo"].compactMap(Keyword.init)

  let server: DovecotServer
  let network: NetworkProxy
  let maildir: MaildirWatch
  let daemon: ChildProcess
  /// What the server's clients pass through.
  let door = Door()
  private let folder: TemporaryDirectory
  private let command: [String]

  private static let answerMax = Duration.seconds(60)

  static func set(_ options: SoakOptions) async throws -> Stage {
    let server = try await DovecotServer.started(DovecotOptions(storage: .sdbox))
    do {
      let client = try await server.client(user)
      for folder in folders where !folder.isInbox { try await client.create(folder) }
      try await client.logOut()
      return try await Stage(server, options)
    } catch {
      await server.stop()
      throw error
    }
  }

  private init(_ server: DovecotServer, _ options: SoakOptions) async throws {
    self.server = server
    folder = try TemporaryDirectory("soak")
    network = try NetworkProxy(to: server.tlsPort)
    maildir = try MaildirWatch(folder.appending("Mail"))
    for name in Self.folders { try Self.make(MaildirFolder(name, below: maildir.root)) }
    let configuration = """
      [accounts.soak.remote]
      host = "localhost"
      port = \(network.port)
      ca_file = "\(server.authorityFile)"
      user = "\(Self.user)"
      password = "\(server.password)"
      [accounts.soak.local]
      path = "\(maildir.root)"

      """
    command = [
      options.program, "--config", try folder.write(configuration, to: "config.toml", mode: 0o600),
      "--state-dir", folder.appending("state"),
    ]
    try Data().write(to: URL(fileURLWithPath: options.logFile))
    daemon = try ChildProcess(command + ["run", "-v"], output: .file(options.logFile))
  }

  /// Makes a folder as a program does that knows the keywords.
  static func make(_ folder: MaildirFolder) throws {
    try folder.make()
    let table = keywords.enumerated().map { "\($0) \($1)\n" }.joined()
    try Data(table.utf8).write(to: URL(fileURLWithPath: folder.path + "/dovecot-keywords"))
  }

  /// How much is in the Maildir now.
  func extent() throws -> (messages: Int, folders: Int) {
    let tree = try MaildirTree(reading: maildir.root)
    return (tree.messageCount, tree.folders.count)
  }

  /// One pass, which the daemon makes.
  func sync(_ words: String...) async throws -> AccountSyncReport {
    let report = try ControlWire.value(SyncReport.self, from: try await run(["sync", "--json"] + words))
    guard let account = report.accounts.first else { throw SupportError("martlet sync tells of no account") }
    return account
  }

  /// The folders that the brake holds.
  func held() async throws -> [String] {
    let report = try ControlWire.value(StatusReport.self, from: try await run(["status", "--json"]))
    return report.accounts.flatMap(\.folders).filter { !$0.held.isEmpty }.map(\.name)
  }

  private func run(_ words: [String]) async throws -> [UInt8] {
    let result = try await ChildProcess.run(command + words, within: Self.answerMax)
    guard !result.output.isEmpty else { throw SupportError("martlet \(words[0]) \(result.ending): \(result.errors)") }
    return Array(result.output.utf8)
  }

  /// Ends all of it. A daemon that does not end in order is a fault. `leavings` gets the Maildir and the state, for
  /// those who look for the cause of a fault.
  func strike(leavings: String?) async -> [String] {
    let ending = await daemon.stop()
    if let leavings {
      do {
        if FileManager.default.fileExists(atPath: leavings) { try FileManager.default.removeItem(atPath: leavings) }
        try FileManager.default.copyItem(atPath: folder.path, toPath: leavings)
      } catch {
        complain("cannot keep what is left in \(leavings): \(error)")
      }
    }
    network.become(.closed)
    await server.stop()
    folder.remove()
    server.folder.remove()
    return ending == .exited(0) ? [] : ["martlet \(ending)"]
  }
}
