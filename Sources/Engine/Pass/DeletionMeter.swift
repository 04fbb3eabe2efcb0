package import Ports

/// How many messages of a folder were deleted a moment ago: the brake counts them with the ones asked for, so that a
/// storm that comes in drops is held like one that comes at once (law L9).
package struct DeletionMeter: Equatable, Sendable {
  /// How long a deletion counts, unless the brake holds.
  package static let memory: Duration = .seconds(60)
  /// Deletions fall into slots of this length, so that the meter stays small whatever their number.
  private static let slotLength: Duration = .seconds(1)

  private struct Slot: Equatable {
    let start: LoopInstant
    var count: Int
  }

  private var slots: [Slot] = []
  /// While the brake holds the others, nothing is forgotten: a hold does not end by itself.
  package private(set) var isHeld = false

  package init() {}

  package mutating func record(_ count: Int, at now: LoopInstant) {
    guard count > 0 else { return }
    forget(at: now)
    if let last = slots.indices.last, slots[last].start.duration(to: now) < Self.slotLength {
      slots[last].count += count
    } else {
      slots.append(Slot(start: now, count: count))
    }
  }

  /// Those that count; or, of these, those of the last `time`.
  package mutating func recent(at now: LoopInstant, within time: Duration? = nil) -> Int {
    forget(at: now)
    let counted = time.map { time in slots.filter { $0.start.duration(to: now) <= time } } ?? slots
    return counted.reduce(0) { $0 + $1.count }
  }

  package mutating func hold(at now: LoopInstant) {
    forget(at: now)
    isHeld = true
  }

  package mutating func release() { isHeld = false }

  private mutating func forget(at now: LoopInstant) {
    guard !isHeld else { return }
    slots.removeAll { $0.start.duration(to: now) > Self.memory }
  }
}
