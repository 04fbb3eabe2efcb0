import Control
import Foundation
import Mail
import Support

/// martlet as a person has it: a configuration, a state and a Maildir of its own, and the built program run as a child.
final class Installation: Sendable {
  /// The account's name.
  static let account = "a"

  let folder: TemporaryDirectory
  let watch: MaildirWatch
  let stateDirectory: String
  /// The words before the program.
  private let prefix: [String]

  /// With a Maildir on this side. `seen` is its path as the program sees it behind the `prefix`, where that is another
  /// one.
  init(
    _ remote: ServerPlace, layout: MaildirTree.Layout = .nested, rules: [String] = [], sync: [String] = [],
    maildir: String? = nil, seen: String? = nil, state: String? = nil, prefix: [String] = []
  ) throws {
    let folder = try TemporaryDirectory("installation")
    let root = maildir ?? folder.appending("Mail")
    let local = ["path = \"\(seen ?? root)\"", "layout = \"\(layout == .nested ? "nested" : "maildir++")\""]
    watch = try MaildirWatch(root, layout: layout)
    self.folder = folder
    stateDirectory = state ?? folder.appending("state")
    self.prefix = prefix
    try configure(remote: remote.lines, local: local, rules: rules, sync: sync)
  }

  /// With a server on either side; the Maildir is then of no use.
  init(_ remote: ServerPlace, local: ServerPlace) throws {
    folder = try TemporaryDirectory("installation")
    watch = try MaildirWatch(folder.appending("Mail"))
    stateDirectory = folder.appending("state")
    prefix = []
    try configure(remote: remote.lines, local: ["type = \"imap\""] + local.lines, rules: [])
  }

  var maildir: String { watch.root }

  func maildirFolder(_ name: FolderName = .inbox) -> MaildirFolder {
    MaildirFolder(name, below: maildir, layout: watch.layout)
  }

  /// `rm`
  func remove(_ entry: MaildirTree.Entry) throws { try FileManager.default.removeItem(atPath: entry.path) }

  /// Writes the configuration anew, of several accounts, each with a Maildir of its own: `maildir(of:)`.
  func configure(accounts: [(name: String, remote: ServerPlace)], mode: Int = 0o600) throws {
    let tables = accounts.map { name, remote in
      "[accounts.\(name).remote]\n" + remote.lines.joined(separator: "\n")
        + "\n[accounts.\(name).local]\npath = \"\(maildir(of: name))\"\n"
    }
    try folder.write(tables.joined(separator: "\n"), to: "config.toml", mode: mode)
  }

  /// The first account's is `maildir`.
  func maildir(of account: String) -> String { account == Self.account ? maildir : folder.appending("Mail-\(account)") }

  /// Writes the configuration anew.
  func configure(remote: [String], local: [String], rules: [String], sync: [String] = []) throws {
    let tables = [("remote", remote), ("local", local), ("folders", rules), ("sync", sync)].filter { !$0.1.isEmpty }
    let text = tables.map { "[accounts.\(Self.account).\($0.0)]\n" + $0.1.joined(separator: "\n") + "\n" }
    try folder.write(text.joined(separator: "\n"), to: "config.toml", mode: 0o600)
    _ = try folder.makeFolder("home", mode: 0o700)
  }

  // MARK: Running

  /// It is built beside the tests.
  static let program: String = {
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return tests.deletingLastPathComponent().appendingPathComponent("martlet").path
  }()

  var environment: [String: String] {
    [
      "HOME": folder.appending("home"), "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
      "SWIFT_BACKTRACE": "enable=no",
    ]
  }

  func command(_ words: [String]) -> [String] {
    prefix + [Self.program, "--config", folder.appending("config.toml"), "--state-dir", stateDirectory] + words
  }

  /// One `martlet sync`, whatever comes of it.
  func sync(_ arguments: String..., within limit: Duration = .seconds(120)) async throws -> SyncOutcome {
    try await SyncOutcome(
      ChildProcess.run(command(["sync", "--json"] + arguments), environment: environment, within: limit))
  }

  /// One `martlet sync` that must end with 0.
  @discardableResult
  func syncCleanly(_ arguments: String..., within limit: Duration = .seconds(120)) async throws -> AccountSyncReport {
    let outcome = try await SyncOutcome(
      ChildProcess.run(command(["sync", "--json"] + arguments), environment: environment, within: limit))
    guard outcome.exitCode == 0 else { throw SupportError("sync ended with \(outcome.exitCode): \(outcome.errors)") }
    return try outcome.account
  }

  /// The daemon, as it starts.
  func launch(_ arguments: String...) throws -> ChildProcess {
    try ChildProcess(command(["run"] + arguments), environment: environment)
  }

  /// The daemon, once it watches everything and its first pass is done.
  func start(_ arguments: String...) async throws -> ChildProcess {
    let daemon = try ChildProcess(command(["run"] + arguments), environment: environment)
    _ = try await daemon.line(of: .errors) { $0.contains("watching ") }
    return daemon
  }

  func status() async throws -> AccountStatus {
    let result = try await ChildProcess.run(command(["status", "--json"]), environment: environment)
    guard result.succeeded else { throw SupportError("status \(result.ending): \(result.errors)") }
    let report = try ControlWire.value(StatusReport.self, from: Array(result.output.utf8))
    guard let account = report.accounts.first else { throw SupportError("status tells of no account") }
    return account
  }
}

/// How a `martlet sync --json` ended.
struct SyncOutcome: Sendable {
  let ending: ChildProcess.Ending
  let output: String
  let errors: String

  init(_ result: ChildProcess.Result) {
    ending = result.ending
    output = result.output
    errors = result.errors
  }

  /// -1 where it was killed.
  var exitCode: Int32 {
    if case .exited(let code) = ending { code } else { -1 }
  }

  var account: AccountSyncReport {
    get throws {
      let report = try ControlWire.value(SyncReport.self, from: Array(output.utf8))
      guard let account = report.accounts.first else { throw SupportError("sync reports no account: \(errors)") }
      return account
    }
  }
}

extension AccountSyncReport {
  /// True where nothing was done to either side (law L2).
  var isEmpty: Bool {
    local == SideCounts() && remote == SideCounts() && foldersCreated.isEmpty && foldersRemoved.isEmpty
  }

  var transferred: Int { local.delivered + remote.delivered }
}
