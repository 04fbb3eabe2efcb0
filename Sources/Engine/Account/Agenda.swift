package import Ports
package import Reconciliation

/// What an account's folders have waiting for them, and when. Pure: events and instants in, effects out.
///
/// The first event in a quiet folder is acted on at once. What comes while a pass is queued or runs is folded into the
/// next one; what comes just after it waits a moment, so that a burst costs few passes, never long.
package struct Agenda: Equatable, Sendable {
  /// How long after a pass the next event of that folder waits for company.
  package static let foldInterval: Duration = .milliseconds(5)

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

    var isDirty: Bool { widths.near != .none || widths.far != .none }
  }

  private var entries: [FolderID: Entry] = [:]

  package init() {}

  /// Events that came together are looked at together, so that both ends of a move are seen in one pass.
  package mutating func handle(_ events: [Event], at now: LoopInstant, jitter: Double = 0.5) -> [Effect] {
    for event in events { apply(event, at: now, jitter: jitter) }
    var due: [FolderID] = []
    var next: LoopInstant?
    for (folder, entry) in entries where entry.isDirty && !entry.isQueued && !entry.isRunning {
      if let notBefore = entry.notBefore, notBefore > now {
        next = next.map { min($0, notBefore) } ?? notBefore
      } else {
        due.append(folder)
        entries[folder]?.isQueued = true
      }
    }
    var effects: [Effect] = due.isEmpty ? [] : [.pass(due.sorted())]
    if let next { effects.append(.wake(at: next)) }
    return effects
  }

  /// A pass over the folder begins now: answers what it has to look at. Asks for nothing, so that no effect of another
  /// folder's can be lost here.
  package mutating func begin(_ folder: FolderID) -> Sides<Width> {
    var entry = entries[folder] ?? Entry()
    let widths = entry.widths
    entry.widths = Sides(near: .none, far: .none)
    entry.isQueued = false
    entry.isRunning = true
    entries[folder] = entry
    return widths
  }

  /// The others are gone.
  package mutating func keepOnly(_ folders: Set<FolderID>) { entries = entries.filter { folders.contains($0.key) } }

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

extension Agenda.Width {
  fileprivate mutating func widen(to other: Self) { self = max(self, other) }
}
