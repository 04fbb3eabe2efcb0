import Control

/// Values with every field set, so that what is lost on the way shows.
enum Sample {
  static let progress = SyncProgress(
    account: "work", folders: (1, 2), messages: (3, 4), bytes: (5, 6), folder: "Lists/ž")

  static let held = HeldDeletions(folder: "INBOX", side: .local, deletions: 30, total: 40, wholeFolder: false)

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
      name: "work", local: "~/Mail", remote: "imap.example.org", state: .waiting, retryAt: "2026-01-02T03:04:05Z",
      lastSync: "2026-01-02T03:04:05Z", lastError: "refused", folders: [folder])
    account.progress = progress
    return StatusReport(
      daemon: DaemonStatus(pid: 12, release: "1.0", startedAt: "2026-01-02T03:04:05Z"), accounts: [account])
  }

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
    account.unknownFolders = ["Nowhere"]
    account.error = "lost"
    return SyncReport(dryRun: true, accounts: [account], notRunHere: ["home"])
  }

  static let syncRequest = SyncRequest(
    accounts: [.init(name: "work", folders: ["INBOX", "a\nb"]), .init(name: "home", folders: nil)],
    allowDeletions: true, dryRun: false)
}
