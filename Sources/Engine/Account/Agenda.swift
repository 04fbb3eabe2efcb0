package import Ports
package import Reconciliation

/// What an account's folders have waiting for them, and when. Pure: events and instants in, effects out.
///
/// The first event in a quiet folder is acted on at once. What comes while a pass is queued or runs is folded into the
/// next one; what comes just after it waits a moment, so that a burst costs few passes, never long.
///
/// A mail reader that saves to another folder links the message there and removes it here: two events, of two folders.
/// Local news therefore waits, a moment at most, for other folders' local news that came before or with it and has not
/// been looked at yet: looked at alone, the removal would be a deletion, and the message be sent anew (a move is one
/// command, and no transfer).
package struct Agenda: Equatable, Sendable {
  /// How long after a pass the next event of that folder waits for company.
  package static let foldInterval: Duration = .milliseconds(5)

  /// So long local news waits at most for another folder's.
  package static let companyPatience: Duration = .milliseconds(500)

  package enum Event: Equatable, Sendable {
    /// A narrow look will tell.
    case changed(FolderID, Side)
    /// Only a wide look will.
    case uncertain(FolderID, Set<Side>)
    case passEnded(FolderID, failed: Bool)
    case tick
  }

  package enum Effect: Equatable, Sendable {
    /// One pass over these folders together, each to begin with what `begin` answers.
    case pass([FolderID])
    /// Send `.tick` then, if not before.
    case wake(at: LoopInstant)
  }

  /// How wide the next look at one side has to be.
  package enum Width: Int, Comparable, Sendable {
    case none, pending, wide
    package static func < (left: Width, right: Width) -> Bool { left.rawValue < right.rawValue }
  }

  private struct Entry: Equatable {
    var widths = Sides(near: Width.none, far: Width.none)
    var isQueued = false
    var isRunning = false
    var notBefore: LoopInstant?
    var backoff = Backoff()
    /// True from a pass that failed to one that did not.
    var isFailing = false
    /// The pass that runs looks at the local side.
    var isLookingNear = false
    var company: Company?

    /// It has local news, or is looking at some.
    var isBusyNear: Bool { isLookingNear || widths.near != .none && !isFailing }
    var isDirty: Bool { widths.near != .none || widths.far != .none }
    var isReady: Bool { isDirty && !isQueued && !isRunning }
  }

  /// Folders whose local news is looked at before, or together with, a folder's own.
  private struct Company: Equatable {
    var others: Set<FolderID>
    let until: LoopInstant
  }

  private var entries: [FolderID: Entry] = [:]

  package init() {}

  /// Events that came together are looked at together, so that both ends of a move are seen in one pass.
  package mutating func handle(_ events: [Event], at now: LoopInstant, jitter: Double = 0.5) -> [Effect] {
    for event in events { apply(event, at: now, jitter: jitter) }
    for case let folder? in events.map(\.localNews) { keepCompany(folder, at: now) }
    let due = due(at: now)
    for folder in due { entries[folder]?.isQueued = true }
    var effects: [Effect] = due.isEmpty ? [] : [.pass(due.sorted())]
    if let next = nextDue(after: now) { effects.append(.wake(at: next)) }
    return effects
  }

  /// With nobody due whose company is not.
  private func due(at now: LoopInstant) -> Set<FolderID> {
    var due = Set(entries.filter { $0.value.isReady && $0.value.notBefore.map { $0 <= now } ?? true }.keys)
    while true {
      let alone = due.filter { folder in
        guard let company = entries[folder]?.company, company.until > now else { return false }
        return !company.others.isSubset(of: due)
      }
      guard !alone.isEmpty else { return due }
      due.subtract(alone)
    }
  }

  private func nextDue(after now: LoopInstant) -> LoopInstant? {
    entries.values.filter(\.isReady).flatMap { [$0.notBefore, $0.company?.until] }.compactMap { $0 }.filter { $0 > now }
      .min()
  }

  private mutating func keepCompany(_ folder: FolderID, at now: LoopInstant) {
    let others = Set(entries.filter { $0.key != folder && $0.value.isBusyNear }.keys)
    guard !others.isEmpty else { return }
    let before = entries[folder]?.company
    entries[folder]?.company = Company(
      others: others.union(before?.others ?? []), until: before?.until ?? now.advanced(by: Self.companyPatience))
  }

  /// Nobody waits for it any more.
  private mutating func leaveCompanies(_ folder: FolderID) {
    for other in entries.keys {
      entries[other]?.company?.others.remove(folder)
      if entries[other]?.company?.others.isEmpty == true { entries[other]?.company = nil }
    }
  }

  /// A pass over the folder begins now: answers what it has to look at. Asks for nothing, so that no effect of another
  /// folder's can be lost here.
  package mutating func begin(_ folder: FolderID) -> Sides<Width> {
    var entry = entries[folder] ?? Entry()
    let widths = entry.widths
    entry.widths = Sides(near: .none, far: .none)
    entry.isQueued = false
    entry.isRunning = true
    entry.isLookingNear = widths.near != .none
    entry.company = nil
    entries[folder] = entry
    return widths
  }

  /// The others are gone.
  package mutating func keepOnly(_ folders: Set<FolderID>) {
    for folder in entries.keys where !folders.contains(folder) {
      leaveCompanies(folder)
      entries[folder] = nil
    }
  }

  private mutating func apply(_ event: Event, at now: LoopInstant, jitter: Double) {
    switch event {
    case .changed(let folder, let side):
      entries[folder, default: Entry()].widths[side].widen(to: .pending)
    case .uncertain(let folder, let sides):
      for side in sides { entries[folder, default: Entry()].widths[side].widen(to: .wide) }
    case .passEnded(let folder, let failed):
      end(folder, failed: failed, at: now, jitter: jitter)
    case .tick:
      break
    }
  }

  /// A failed pass is made again, wide, after a while that grows (law L11).
  private mutating func end(_ folder: FolderID, failed: Bool, at now: LoopInstant, jitter: Double) {
    entries[folder]?.isRunning = false
    entries[folder]?.isQueued = false
    entries[folder]?.isLookingNear = false
    entries[folder]?.isFailing = failed
    if entries[folder]?.isBusyNear != true { leaveCompanies(folder) }
    if failed {
      let wait = entries[folder, default: Entry()].backoff.next(.folder, jitter: jitter)
      entries[folder]?.notBefore = now.advanced(by: wait)
      for side in Side.allCases { entries[folder]?.widths[side].widen(to: .wide) }
    } else {
      entries[folder]?.backoff.reset()
      entries[folder]?.notBefore = now.advanced(by: Self.foldInterval)
    }
  }
}

extension Agenda.Event {
  /// The folder, where it is local news.
  fileprivate var localNews: FolderID? {
    switch self {
    case .changed(let folder, .near): folder
    case .uncertain(let folder, let sides) where sides.contains(.near): folder
    case .changed, .uncertain, .passEnded, .tick: nil
    }
  }
}

extension Agenda.Width {
  fileprivate mutating func widen(to other: Self) { self = max(self, other) }
}

extension SyncedFolder {
  /// What a look of this width asks for.
  func scope(_ side: Side, _ width: Agenda.Width) -> LookScope? {
    switch width {
    case .none: nil
    case .pending: .pending
    case .wide: .wide(since: checkpoints[side])
    }
  }
}
