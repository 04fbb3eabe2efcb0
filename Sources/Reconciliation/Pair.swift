package import Mail

/// A pair's row in the ledger.
package struct PairID: RawRepresentable, Hashable, Comparable, Sendable {
  package let rawValue: Int64
  package init(rawValue: Int64) { self.rawValue = rawValue }
  package static func < (left: PairID, right: PairID) -> Bool { left.rawValue < right.rawValue }
}

/// A folder pair's row in the ledger.
package struct FolderID: RawRepresentable, Hashable, Comparable, Sendable {
  package let rawValue: Int64
  package init(rawValue: Int64) { self.rawValue = rawValue }
  package static func < (left: FolderID, right: FolderID) -> Bool { left.rawValue < right.rawValue }
}

/// How one side last showed a message: what it calls it, and what it is marked with there.
///
/// Flags are kept for each side apart, so that a flag which a side cannot hold never looks removed (law L6).
package struct Sighting: Hashable, Sendable {
  package var key: MessageKey
  package var flags: FlagSet

  package init(key: MessageKey, flags: FlagSet) {
    self.key = key
    self.flags = flags
  }
}

/// One message that both sides are known to hold: a line of the base (law L4).
package struct Pair: Hashable, Sendable {
  package let id: PairID
  package var sightings: Sides<Sighting>

  package init(id: PairID, near: Sighting, far: Sighting) {
    self.id = id
    sightings = Sides(near: near, far: far)
  }

  package subscript(side: Side) -> Sighting {
    get { sightings[side] }
    set { sightings[side] = newValue }
  }
}
