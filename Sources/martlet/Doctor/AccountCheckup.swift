import Configuration
import Control
import Glibc
import LedgerSQLite
import Mail
import Ports
import Reactor
import Reconciliation

/// Looks one account over: what is on this machine first, then both sides against the ledger.
@Loop
final class AccountCheckup {
  let account: AccountConfiguration
  let program: ProgramContext
  let isFixing: Bool
  /// The state directory's.
  let directory: String
  /// Who holds the account, in words; nil where nobody does.
  let holder: String?
  var report: AccountDoctorReport
  /// What the ledger says; nil where there is none that can be believed.
  private(set) var ledger: LedgerView?
  /// Directories that are to be watched, and roots with a watcher of their own.
  var watchCount = 0
  var rootCount = 0
  private let configuration: Configuration
  private let status: AccountStatus?
  private let isDaemonSilent: Bool

  init(
    _ account: AccountConfiguration, _ program: ProgramContext, _ configuration: Configuration, isFixing: Bool,
    daemon: DaemonAnswer
  ) {
    self.account = account
    self.program = program
    self.configuration = configuration
    self.isFixing = isFixing
    status = daemon.status?.accounts.first { $0.name == account.name }
    if case .silent = daemon { isDaemonSilent = true } else { isDaemonSilent = false }
    directory = program.paths.accountDirectory(account.name)
    holder = AccountLock.holder(directory: directory).map { process in
      process == daemon.status?.daemon?.pid ? "the daemon (process \(process))" : "another martlet (process \(process))"
    }
    let home = program.paths.home
    report = AccountDoctorReport(
      name: account.name, local: StoreTitle.of(account.near, home: home), remote: StoreTitle.of(account.far, home: home)
    )
  }

  func run() async -> AccountDoctorReport {
    noteDaemon()
    checkSecrets()
    report.findings += StateCheckup(self).permissions() + StateCheckup(self).place()
    ledger = StateCheckup(self).ledger()
    for side in Side.allCases {
      guard case .maildir(let maildir) = account[side] else { continue }
      await MaildirCheckup(self, maildir, side).run()
    }
    noteSetAside()
    if mayCompare {
      await ComparisonCheckup(self, configuration).run()
    } else if ledger == nil, holder == nil {
      await tryServer()
    }
    ledger?.close()
    return report
  }

  /// A root that is not the one known before stops every pass; and without a ledger there is nothing to compare with.
  private var mayCompare: Bool {
    ledger != nil && !isDaemonSilent
      && !report.findings.contains { $0.kind == FindingKind.root.rawValue && $0.state != .note }
  }

  /// Where there is nothing to compare, it can still be told whether a sync would get that far.
  private func tryServer() async {
    if let error = await AccountCheck.of(account, program).error {
      report.findings.append(ComparisonCheckup.failure(of: account.name, error.text, ExitStatus(error)))
    } else {
      report.fine.append("both sides can be opened and their folders listed")
    }
  }

  /// Removed while the daemon has it open. An account that could not be had yet has none, and no time of its next try.
  var hasLostLedger: Bool {
    guard let status, status.state != .waiting || status.retryAt != nil else { return false }
    return unsafe access(directory + "/" + SQLiteLedger.fileName, F_OK) != 0 && errno == ENOENT
  }

  private func noteDaemon() {
    if let status, let error = status.lastError {
      report.findings.append(
        .problem(
          .daemon, account.name, "the daemon says: \(error)",
          status.retryAt.map { "it tries again at \($0)" } ?? "it tries again by itself"))
    }
    if hasLostLedger {
      report.findings.append(
        .problem(
          .daemon, printable(directory), "the daemon's ledger is not there any more: what it notes now is lost with it",
          "restart the daemon: both sides are then matched anew by content, and no mail is transferred for it"))
    }
    if let holder, status == nil {
      report.findings.append(
        .problem(
          .daemon, account.name, "\(holder) holds the account and does not answer for it",
          "wait until it has ended, or stop it"))
    }
  }

  private func checkSecrets() {
    for side in Side.allCases {
      guard case .imap(let imap) = account[side], case .file(let path)? = imap.password else { continue }
      guard unsafe access(path, R_OK) != 0 else { continue }
      report.findings.append(
        .problem(
          .secret, printable(path), "the password file cannot be read: \(systemError(errno))",
          "write the password into its first line, and chmod 600 it"))
    }
  }

  private func noteSetAside() {
    for (folder, message) in ledger?.setAside ?? [] {
      report.findings.append(
        .problem(
          .setAside, "\(folder) \(message.side.rawValue) \(message.message)",
          "set aside: \(message.reason) (tried \(counted(message.attempts, "time")))",
          Timestamp.isPast(message.retryAt)
            ? "tried again at the next pass" : "tried again at \(message.retryAt), or when the message changes"))
    }
    for folder in ledger?.interrupted ?? [] {
      report.findings.append(
        .note(.interrupted, folder, "a delivery was interrupted", "the next sync finds out what came of it"))
    }
  }
}

extension AccountConfiguration {
  subscript(side: Side) -> StoreConfiguration { side == .near ? near : far }
}
