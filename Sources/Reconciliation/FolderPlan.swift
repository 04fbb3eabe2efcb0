package import Mail

/// What has to be done so that both sides of one folder, and the base, become equal.
///
/// A plan is a value: it says what, not how. Steps on one message are independent of those on another.
package struct FolderPlan: Equatable, Sendable {
  /// Messages that only this side has, to be matched, copied or transferred to the other; ascending by key.
  package var arrivals = Sides<[Arrival]>(near: [], far: [])
  /// Flag changes to carry out on this side.
  package var updates = Sides<[Update]>(near: [], far: [])
  /// Messages to delete on this side, because their deletion was seen on the other.
  package var deletions = Sides<[Removal]>(near: [], far: [])
  /// Pairs gone on both sides.
  package var forgotten: [Pair] = []
  /// Pairs whose flags changed on both sides alike, or in a way that the other side need not follow.
  package var settled: [Settlement] = []

  package init() {}

  package var isEmpty: Bool { self == FolderPlan() }
}

/// A message without a partner.
package struct Arrival: Hashable, Sendable {
  package let key: MessageKey
  package let observation: Observation

  package init(key: MessageKey, observation: Observation) {
    self.key = key
    self.observation = observation
  }
}

/// A flag change for one message on one side, with what both sides showed when it was decided.
package struct Update: Hashable, Sendable {
  package let pair: PairID
  package let key: MessageKey
  package let adding: FlagSet
  package let removing: FlagSet
  package let seen: Sides<FlagSet>
  /// As `Observation` told of this side.
  package let hidesKeywords: Bool

  package init(
    pair: PairID, key: MessageKey, adding: FlagSet, removing: FlagSet, seen: Sides<FlagSet>, hidesKeywords: Bool
  ) {
    self.pair = pair
    self.key = key
    self.adding = adding
    self.removing = removing
    self.seen = seen
    self.hidesKeywords = hidesKeywords
  }
}

/// A deletion to carry out.
package struct Removal: Hashable, Sendable {
  package let pair: PairID
  package let key: MessageKey
  /// What was seen to be gone on the other side: the evidence. A pair that means something else there by now stays.
  package let gone: MessageKey

  package init(_ pair: Pair, on side: Side) {
    self.pair = pair.id
    key = pair[side].key
    gone = pair[side.other].key
  }
}

/// Flags to record in the base without touching either side.
package struct Settlement: Hashable, Sendable {
  package let pair: PairID
  package let flags: Sides<FlagSet>

  package init(pair: PairID, flags: Sides<FlagSet>) {
    self.pair = pair
    self.flags = flags
  }
}
