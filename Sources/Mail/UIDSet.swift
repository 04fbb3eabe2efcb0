/// A set of UIDs as ascending, disjoint, non-adjacent ranges: the shape in which IMAP says them.
package struct UIDSet: Hashable, Sendable {
  package private(set) var ranges: [ClosedRange<UID>] = []

  package init() {}

  package init(_ range: ClosedRange<UID>) { ranges = [range] }

  /// Sorts what does not come in order: inserting before others, again and again, would cost the square of their number.
  package init(_ ranges: [ClosedRange<UID>]) {
    let isAscending = zip(ranges, ranges.dropFirst()).allSatisfy { $0.lowerBound <= $1.lowerBound }
    for range in isAscending ? ranges : ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) { insert(range) }
  }

  package init(_ uids: some Sequence<UID>) { self.init(uids.map { $0...$0 }) }

  package var isEmpty: Bool { ranges.isEmpty }

  /// How many UIDs are in the set.
  package var count: Int {
    ranges.reduce(0) { $0 + Int($1.upperBound.rawValue - $1.lowerBound.rawValue) + 1 }
  }

  package var first: UID? { ranges.first?.lowerBound }
  package var last: UID? { ranges.last?.upperBound }

  package func contains(_ uid: UID) -> Bool {
    let index = indexOfFirstRange(endingAtOrAfter: uid)
    return index < ranges.count && ranges[index].contains(uid)
  }

  package func contains(_ range: ClosedRange<UID>) -> Bool {
    let index = indexOfFirstRange(endingAtOrAfter: range.upperBound)
    return index < ranges.count && ranges[index].lowerBound <= range.lowerBound
  }

  package func isSubset(of other: UIDSet) -> Bool { ranges.allSatisfy(other.contains) }

  package mutating func insert(_ uid: UID) { insert(uid...uid) }

  /// Amortized constant at the end, where UIDs come in order; logarithmic search plus a shift elsewhere.
  package mutating func insert(_ range: ClosedRange<UID>) {
    guard let last = ranges.last else { return ranges.append(range) }
    if let next = last.upperBound.next, range.lowerBound > next { return ranges.append(range) }
    let before = range.lowerBound.rawValue == 1 ? range.lowerBound : UID(unchecked: range.lowerBound.rawValue - 1)
    let start = indexOfFirstRange(endingAtOrAfter: before)
    var merged = range
    var end = start
    while end < ranges.count, Self.touches(ranges[end], merged) {
      merged =
        Swift.min(ranges[end].lowerBound, merged.lowerBound)...Swift.max(ranges[end].upperBound, merged.upperBound)
      end += 1
    }
    ranges.replaceSubrange(start..<end, with: CollectionOfOne(merged))
  }

  package mutating func remove(_ uid: UID) {
    let index = indexOfFirstRange(endingAtOrAfter: uid)
    guard index < ranges.count, ranges[index].contains(uid) else { return }
    let range = ranges[index]
    var pieces: [ClosedRange<UID>] = []
    if range.lowerBound < uid { pieces.append(range.lowerBound...UID(unchecked: uid.rawValue - 1)) }
    if let next = uid.next, next <= range.upperBound { pieces.append(next...range.upperBound) }
    ranges.replaceSubrange(index...index, with: pieces)
  }

  /// Linear in both, whatever the order in which a server says them.
  package mutating func formUnion(_ other: UIDSet) {
    guard let first = other.ranges.first else { return }
    if ranges.last.map({ $0.upperBound < first.lowerBound }) ?? true {
      for range in other.ranges { insert(range) }
      return
    }
    if other.ranges.count == 1 { return insert(first) }
    let (left, right) = (ranges, other.ranges)
    ranges = []
    ranges.reserveCapacity(left.count + right.count)
    var (here, there) = (0, 0)
    while here < left.count || there < right.count {
      let isLeft = there == right.count || (here < left.count && left[here].lowerBound <= right[there].lowerBound)
      // Ascending by their beginnings, so that each is inserted at the end.
      insert(isLeft ? left[here] : right[there])
      if isLeft { here += 1 } else { there += 1 }
    }
  }

  /// The set cut into pieces of at most `limit` UIDs, ascending.
  package func chunks(of limit: Int) -> [UIDSet] {
    precondition(limit > 0, "a chunk holds at least one UID")
    var pieces: [UIDSet] = []
    var current = UIDSet()
    var room = limit
    for range in ranges {
      var low = range.lowerBound.rawValue
      while low <= range.upperBound.rawValue {
        let high = UInt32(Swift.min(UInt64(low) + UInt64(room) - 1, UInt64(range.upperBound.rawValue)))
        current.insert(UID(unchecked: low)...UID(unchecked: high))
        room -= Int(high - low) + 1
        if room == 0 {
          pieces.append(current)
          current = UIDSet()
          room = limit
        }
        if high == .max { break }
        low = high + 1
      }
    }
    if !current.isEmpty { pieces.append(current) }
    return pieces
  }

  private func indexOfFirstRange(endingAtOrAfter uid: UID) -> Int {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < uid { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// True where the two overlap or follow one another without a gap.
  private static func touches(_ left: ClosedRange<UID>, _ right: ClosedRange<UID>) -> Bool {
    UInt64(left.lowerBound.rawValue) <= UInt64(right.upperBound.rawValue) + 1
      && UInt64(right.lowerBound.rawValue) <= UInt64(left.upperBound.rawValue) + 1
  }
}

extension UIDSet: Sequence {
  package func makeIterator() -> some IteratorProtocol<UID> {
    ranges.lazy.flatMap { range in
      (range.lowerBound.rawValue...range.upperBound.rawValue).lazy.map { UID(unchecked: $0) }
    }.makeIterator()
  }

  package var underestimatedCount: Int { ranges.count }
}

extension UIDSet: CustomStringConvertible, ExpressibleByArrayLiteral {
  /// The `sequence-set` of RFC 9051 §9, such as `1:3,7`; empty text for the empty set.
  package var description: String { ranges.sequenceSetText }

  package init(arrayLiteral elements: UID...) { self.init(elements) }
}

extension Collection<ClosedRange<UID>> {
  /// In their order, which for what a server copied has a meaning.
  package var sequenceSetText: String {
    map { $0.lowerBound == $0.upperBound ? "\($0.lowerBound)" : "\($0.lowerBound):\($0.upperBound)" }
      .joined(separator: ",")
  }
}
