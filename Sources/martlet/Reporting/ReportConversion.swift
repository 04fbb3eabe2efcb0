import Control
import Engine
import Mail
import Ports
import Reconciliation

extension SideName {
  init(_ side: Side) { self = side == .near ? .local : .remote }
}

extension SideCounts {
  init(_ counts: PassReport.Counts) {
    self.init()
    delivered = counts.delivered
    copied = counts.copied
    moved = counts.moved
    flagged = counts.flagged
    deleted = counts.deleted
    bytes = counts.bytes
  }
}

extension SyncProblem {
  init(_ problem: PassReport.Problem) {
    self.init(
      folder: problem.folder.map { printable("\($0)") }, message: problem.message.map { printable($0) },
      reason: printable(problem.reason))
  }
}

extension PlannedSteps {
  init(_ work: PlannedWork) {
    self.init(
      folder: printable("\(work.folder)"), side: SideName(work.side), kind: work.kind.rawValue, count: work.count)
  }
}

extension HeldDeletions {
  init(_ held: PassReport.Held) {
    let deleted = held.account?.deleted ?? held.deleted
    self.init(
      folder: printable("\(held.folder)"), side: SideName(held.side), deletions: held.deletions, total: held.total,
      wholeFolder: held.wholeFolder, accountDeletions: held.account?.deletions, accountTotal: held.account?.total,
      deleted: deleted == 0 ? nil : deleted)
  }
}

extension SyncProgress {
  init(account: String, _ progress: PassProgress) {
    self.init(
      account: account, folders: (progress.foldersDone, progress.foldersTotal),
      messages: (progress.messagesDone, progress.messagesTotal), bytes: (progress.bytesDone, progress.bytesTotal),
      folder: progress.folder.map { printable("\($0)") })
  }
}

extension AccountSyncReport {
  /// Of a pass that came to its end.
  init(name: String, seconds: Double, _ answer: FullPassAnswer) {
    let report = answer.report
    self.init(name: name, seconds: seconds)
    local = SideCounts(report.counts.near)
    remote = SideCounts(report.counts.far)
    foldersSynced = report.foldersSynced.count
    for side in Side.allCases {
      foldersCreated += report.foldersCreated[side].map { .init(side: SideName(side), name: printable("\($0)")) }
      foldersRemoved += report.foldersRemoved[side].map { .init(side: SideName(side), name: printable("\($0)")) }
    }
    problems = report.problems.map { SyncProblem($0) }
    held = report.held.map { HeldDeletions($0) }
    plan = report.plan
    if !report.planned.isEmpty { planned = report.planned.map { PlannedSteps($0) } }
    unknownFolders = answer.unknown.sorted().map { printable("\($0)") }
    let status: ExitStatus = report.isClean ? .success : .incomplete
    exitCode = max(status, unknownFolders.isEmpty ? .success : .usage).rawValue
  }

  /// Of a pass that did not.
  init(name: String, seconds: Double, failed status: ExitStatus, _ reason: String) {
    self.init(name: name, seconds: seconds)
    error = printable(reason)
    exitCode = status.rawValue
  }
}

extension PassOptions {
  init(_ request: SyncRequest) {
    self.init(
      allowsDeletions: request.allowDeletions, isDryRun: request.dryRun, isThorough: request.thorough ?? false)
  }
}
