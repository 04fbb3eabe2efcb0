import Control
import Engine
import Logging
import Mail
import Ports
import Reconciliation

/// Hears what an account tells, writes the log, and keeps what the status shows beside the engine's own snapshot.
@Loop
final class AccountReporter: AccountObserver {
  enum Purpose: Sendable {
    /// `martlet run`: the log is all there is to see.
    case daemon
    /// `martlet sync`: what counts is in the report at the end.
    case oneShot
  }

  private let purpose: Purpose
  let log: Logger
  private let clock: any LoopClock
  /// Asked for what waits in the ledger, when messages may have been mended.
  var snapshot: @Loop () -> AccountSnapshot? = { nil }
  private var listeners: [Int: @Loop (AccountEvent) -> Void] = [:]
  private var listenerCount = 0
  private var book = ProblemBook()
  private var lastWaitReason: String?
  private var watchText = "watching"
  private var watchTold: String?
  private var unwatchedTold: Set<String> = []
  private var fullTablesTold: Set<FolderName> = []
  private var isInFullPass = false
  /// What was told of single folders since the full pass began: what it did there, and what events had done meanwhile.
  private var toldInFullPass = PassReport()
  private var phaseChange = Occasion()

  private(set) var phase = AccountPhase.stopped
  /// Seconds since 1970; counts in the phase that waits.
  private(set) var retryAt: Int64?
  private(set) var progress: PassProgress?
  private(set) var watchKinds: Set<WatchKind> = []

  init(_ purpose: Purpose, log: Logger, clock: any LoopClock) {
    self.purpose = purpose
    self.log = log
    self.clock = clock
  }

  /// Calls `body` for each event until it is removed by the number this answers.
  func listen(_ body: @escaping @Loop (AccountEvent) -> Void) -> Int {
    listenerCount += 1
    listeners[listenerCount] = body
    return listenerCount
  }

  func removeListener(_ number: Int) { listeners[number] = nil }

  func account(_ name: String, _ event: AccountEvent) {
    switch event {
    case .phaseChanged(let phase): enter(phase)
    case .watching(let kinds): watch(kinds)
    case .unwatched(let side, let folders, let reason): tellUnwatched(side, folders, reason)
    case .passStarted(let folders):
      progress = PassProgress()
      isInFullPass = true
      toldInFullPass = PassReport()
      log.debug("looking at \(counted(folders, "folder"))")
    case .progress(let progress): if isInFullPass { self.progress = progress }
    case .folderSynced(let folder, let report): tell(report, of: folder)
    case .passFinished(let report): finish(report)
    case .released(let folder, let side, let isAllowed): tellReleased(folder, side, isAllowed: isAllowed)
    case .olderCopy(let side):
      log.warning(
        """
        the \(side) side is an older copy of itself, as from a backup: what is missing there is brought again, nothing is \
        deleted for it, and what was deleted since is back
        """)
    case .problem(let problem): tell(problem)
    case .recovered(let folder): recover(folder)
    case .deleting: break
    }
    for listener in listeners.values { listener(event) }
  }

  // MARK: Phases

  /// Comes when the phase is another.
  func nextPhase() -> Occasion { phaseChange }

  private func enter(_ phase: AccountPhase) {
    self.phase = phase
    let change = phaseChange
    phaseChange = Occasion()
    change.come()
    switch phase {
    case .stopped: log.info("stopped")
    case .connecting: log.info("connecting")
    case .syncing: log.debug("syncing")
    case .watching:
      progress = nil
      isInFullPass = false
      tellWatching()
    case .waiting(let reason, let kind, let wait): startWaiting(reason, kind, wait)
    }
  }

  private func startWaiting(_ reason: String, _ kind: StoreError.Kind, _ wait: Duration) {
    progress = nil
    isInFullPass = false
    watchTold = nil
    retryAt = clock.wallTime.seconds + wait.components.seconds
    let isNews = lastWaitReason != reason
    lastWaitReason = reason
    let level: Logger.Level = isNews ? .notice : .info
    guard wait > .zero else {
      // No problem so far, and so not told as one.
      return log.log(level: level, "\(printable(reason)); the next try is at once")
    }
    log.log(
      level: level, "waiting (\(kind.cause)); the next try is in \(Amount.seconds(wait / .seconds(1)))")
  }

  private func watch(_ kinds: [FolderName: Sides<WatchKind>]) {
    watchKinds = Set(kinds.values.map(\.far))
    for (folder, kinds) in kinds.sorted(by: { $0.key < $1.key }) {
      log.debug(
        "remote: \(kinds.far.rawValue), local: \(kinds.near.rawValue)",
        metadata: ["folder": "\(printable("\(folder)"))"])
    }
    let counts = Dictionary(grouping: kinds.values, by: \.far).mapValues(\.count)
    let parts = counts.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.value) by \($0.key.rawValue)" }
    watchText =
      "watching \(counted(kinds.count, "folder"))"
      + (parts.count == 1
        ? " by \(counts.keys.first?.rawValue ?? "")" : parts.isEmpty ? "" : ": " + parts.joined(separator: ", "))
  }

  /// Each reason once: what a person does about it takes a restart, or shows at the next one.
  private func tellUnwatched(_ side: Side, _ folders: Int, _ reason: String) {
    guard unwatchedTold.insert(reason).inserted else { return }
    let what =
      folders == 0
      ? "new folders are found by polling" : counted(folders, "folder") + " cannot be watched, only polled"
    log.warning("\(side): \(what): \(printable(reason))")
  }

  /// Once for each folder: nothing is lost, and nothing here can be done about it.
  func tellLettersUsedUp(in folder: FolderName) {
    guard fullTablesTold.insert(folder).inserted else { return }
    log.log(
      level: purpose == .daemon ? .notice : .info,
      "all 26 letters for keywords are used up; further keywords stay on the server only",
      metadata: ["folder": "\(printable("\(folder)"))"])
  }

  private func tellWatching() {
    let level: Logger.Level = watchTold == watchText ? .debug : .notice
    watchTold = watchText
    lastWaitReason = nil
    log.log(level: level, "\(watchText)")
  }

  // MARK: Passes

  private func tell(_ report: PassReport, of folder: FolderName) {
    for problem in report.problems { tell(problem) }
    tellHeld(report.held, in: folder)
    if isInFullPass {
      for side in Side.allCases { toldInFullPass.counts[side] += report.counts[side] }
    }
    guard let changes = Self.changes(report) else { return }
    let level: Logger.Level = isInFullPass || purpose == .oneShot ? .info : .notice
    log.log(level: level, "\(changes)", metadata: ["folder": "\(printable("\(folder)"))"])
  }

  private func tellHeld(_ held: [PassReport.Held], in folder: FolderName) {
    let news = book.note(held: held, in: folder)
    guard purpose == .daemon else { return }
    for held in news {
      log.error(
        "\(SyncSummary.brake(HeldDeletions(held), account: accountName))",
        metadata: ["folder": "\(printable("\(folder)"))"])
    }
  }

  private func tellReleased(_ folder: FolderName?, _ side: Side, isAllowed: Bool) {
    book.settleHeld(in: folder, side)
    // That it is there again says as much.
    guard !book.hasSaidGone(folder) else { return }
    let why = isAllowed ? "they are allowed" : "what is missing is no longer too much"
    tellReleased(folder, "\(folder == nil ? "the account's " : "")deletions (\(side)) are no longer held: \(why)")
  }

  /// Whole folders that were held because the other side's is gone.
  private func settleGoneFolders() {
    guard let snapshot = snapshot() else { return }
    let over = book.settleGoneFolders { name in
      snapshot.folders.contains { $0.names.far == name && $0.held.contains(where: \.wholeFolder) }
    }
    for (folder, side) in over {
      let why = snapshot.folders.contains { $0.names.far == folder } ? "it is on both sides again" : "it is gone"
      tellReleased(folder, "the folder (\(side)) is no longer held: \(why)")
    }
  }

  private func tellReleased(_ folder: FolderName?, _ text: String) {
    guard purpose == .daemon else { return }
    let metadata: Logger.Metadata? = folder.map { ["folder": "\(printable("\($0)"))"] }
    log.notice("\(text)", metadata: metadata)
  }

  private func finish(_ report: PassReport) {
    progress = nil
    isInFullPass = false
    for problem in report.problems { tell(problem) }
    if purpose == .daemon, let changes = Self.changes(sum(of: report)) { log.notice("\(changes)") }
    for (folder, held) in Dictionary(grouping: report.held, by: \.folder) { tellHeld(held, in: folder) }
    for side in Side.allCases {
      for folder in report.foldersCreated[side] {
        log.info("\(side) folder created", metadata: ["folder": "\(printable("\(folder)"))"])
      }
      for folder in report.foldersRemoved[side] {
        log.info("\(side) folder removed", metadata: ["folder": "\(printable("\(folder)"))"])
      }
    }
    settleGoneFolders()
    settleMessages()
  }

  /// Of all that was done while the full pass ran: at the start of a server's watch the events of most folders are ahead
  /// of it. Only the pass itself tells of what went with a folder that was removed.
  private func sum(of report: PassReport) -> PassReport {
    var sum = report
    for side in Side.allCases { sum.counts[side].raise(to: toldInFullPass.counts[side]) }
    return sum
  }

  /// `local: 2 new, 1 flag change; remote: 1 deleted`; nil where nothing changed.
  static func changes(_ report: PassReport) -> String? {
    let sides = Side.allCases.compactMap { side -> String? in
      let counts = report.counts[side]
      let parts = [
        (counts.delivered + counts.copied, "new", "new"), (counts.moved, "moved", "moved"),
        (counts.flagged, "flag change", "flag changes"), (counts.deleted, "deleted", "deleted"),
      ].filter { $0.0 > 0 }.map { counted($0.0, $0.1, $0.2) }
      return parts.isEmpty ? nil : "\(side): " + parts.joined(separator: ", ")
    }
    return sides.isEmpty ? nil : sides.joined(separator: "; ")
  }

  // MARK: Problems

  private func tell(_ problem: PassReport.Problem) {
    guard book.note(problem), purpose == .daemon else { return }
    let message = problem.message.map { printable($0) + ": " } ?? ""
    var metadata: Logger.Metadata = [:]
    if let folder = problem.folder { metadata["folder"] = "\(printable("\(folder)"))" }
    log.error("\(message)\(printable(problem.reason))", metadata: metadata)
  }

  private func recover(_ folder: FolderName?) {
    book.settle(folder)
    var metadata: Logger.Metadata = [:]
    if let folder { metadata["folder"] = "\(printable("\(folder)"))" }
    log.notice("recovered", metadata: metadata)
  }

  /// A message that waits for another try is in the ledger; one that is not there any more was mended, or is gone.
  private func settleMessages() {
    guard let snapshot = snapshot() else { return }
    var waiting: [FolderName: Set<String>] = [:]
    for folder in snapshot.folders {
      waiting[folder.names.far] = Set(folder.setAside.map { "\($0.side) \($0.key)" })
    }
    for (folder, message) in book.settleMessages(stillWaiting: { waiting[$0]?.contains($1) ?? false }) {
      log.notice("\(printable(message)): recovered", metadata: ["folder": "\(printable("\(folder)"))"])
    }
  }

  private var accountName: String { log[metadataKey: "account"].map { "\($0)" } ?? "" }
}

extension PassReport.Counts {
  private static var all: [WritableKeyPath<Self, Int>] {
    [\.delivered, \.copied, \.moved, \.flagged, \.deleted, \.bytes]
  }

  fileprivate mutating func raise(to other: Self) {
    for count in Self.all { self[keyPath: count] = max(self[keyPath: count], other[keyPath: count]) }
  }
}
