import Control

/// Values with every field set, so that what is lost on the way shows.
enum Sample {
  static let progress = SyncProgress(
    account: "work", folders: (1, 2), messages: (3, 4), bytes: (5, 6), folder: "Lists/ž")

  static let held = HeldDeletions(
    folder: "INBOX", side: .local, deletions: 30, total: 40, wholeFolder: false, accountDeletions: 31,
    accountTotal: 41, deleted: 3)

  static var folder: FolderStatus {
    FolderStatus(
      name: "INBOX", localName: "INBOX", watch: "NOTIFY", localWatch: "poll", localWatchFailure: "the limit is reached",
      messages: 7,
      lastSync: "2026-01-02T03:04:05Z", busy: true, lastError: "full",
      setAside: [
        SetAsideStatus(
          side: .remote, message: "UID 7", reason: "too big", attempts: 2, retryAt: "2026-01-02T03:05:05Z")
      ], held: [held])
  }

  static var status: StatusReport {
    var account = AccountStatus(
      name: "work", local: "~/Mail", remote: "imap.example.org", state: .waiting, cause: "not reached",
      retryAt: "2026-01-02T03:04:05Z", lastSync: "2026-01-02T03:04:05Z", lastError: "refused", folders: [folder])
    account.heldBy = 13
    account.progress = progress
    account.problems = [SyncProblem(folder: "A", message: "UID 8", reason: "no")]
    return StatusReport(daemon: daemon, accounts: [account])
  }

  static let daemon = DaemonStatus(pid: 12, release: "1.0", startedAt: "2026-01-02T03:04:05Z")

  static func report(problems: Int = 1, steps: Int = 1) -> SyncReport {
    var account = AccountSyncReport(name: "work", seconds: 0.25)
    account.exitCode = 1
    account.local.delivered = 3
    account.remote.flagged = 2
    account.foldersSynced = 4
    account.foldersCreated = [FolderOnSide(side: .local, name: "A")]
    account.foldersRemoved = [FolderOnSide(side: .remote, name: "B")]
    account.problems = (0..<problems).map { SyncProblem(folder: "INBOX", message: "UID \($0)", reason: "no") }
    account.held = [held]
    account.plan = (0..<steps).map { "step \($0)" }
    account.planned = [PlannedSteps(folder: "INBOX", side: .remote, kind: "copy", count: 2)]
    account.unknownFolders = ["Nowhere"]
    account.error = "lost"
    return SyncReport(dryRun: true, accounts: [account], notRunHere: ["home"])
  }

  static var checkup: DoctorReport {
    let finding = DoctorFinding(
      kind: "leftover", state: .failed, subject: "tmp/x", text: "left", remedy: "remove it", mendable: true,
      reason: "read-only")
    let account = AccountDoctorReport(
      name: "work", local: "~/Mail", remote: "imap.example.org", fine: ["whole"], findings: [finding])
    return DoctorReport(fix: true, exitCode: 1, daemon: daemon, findings: [finding], accounts: [account])
  }

  static let syncRequest = SyncRequest(
    accounts: [.init(name: "work", folders: ["INBOX", "a\nb"]), .init(name: "home", folders: nil)],
    allowDeletions: true, dryRun: false)
}
