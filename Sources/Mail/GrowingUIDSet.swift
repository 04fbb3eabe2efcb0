/// A set of UIDs that grows by what a server says line after line (law L12).
///
/// A union costs the whole of a `UIDSet`, however little comes. So what comes is kept beside the rest, and joined only with
/// what is hardly larger: each range is moved as often as the set has doubled.
package struct GrowingUIDSet: Sendable {
  /// Each with more than twice the ranges of the next.
  private var parts: [UIDSet] = []

  package init() {}

  package var isEmpty: Bool { parts.isEmpty }

  /// How many ranges are kept; those that are in several parts count in each.
  package var rangeCount: Int { parts.reduce(0) { $0 + $1.ranges.count } }

  package func contains(_ uid: UID) -> Bool { parts.contains { $0.contains(uid) } }

  package mutating func formUnion(_ uids: UIDSet) {
    guard !uids.isEmpty else { return }
    var joined = uids
    while let last = parts.last, last.ranges.count <= 2 * joined.ranges.count {
      joined.formUnion(last)
      parts.removeLast()
    }
    parts.append(joined)
  }

  package mutating func remove(_ uid: UID) {
    for index in parts.indices { parts[index].remove(uid) }
    parts.removeAll(where: \.isEmpty)
  }

  package var joined: UIDSet {
    parts.reversed().reduce(into: UIDSet()) { $0.formUnion($1) }
  }
}

extension GrowingUIDSet: Equatable {
  package static func == (left: GrowingUIDSet, right: GrowingUIDSet) -> Bool { left.joined == right.joined }
}
