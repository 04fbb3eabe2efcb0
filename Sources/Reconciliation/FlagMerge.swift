package import Mail

/// What one side has to change in a message's flags.
package struct FlagDifference: Hashable, Sendable {
  package var adding: FlagSet
  package var removing: FlagSet

  package init(adding: FlagSet, removing: FlagSet) {
    self.adding = adding
    self.removing = removing
  }

  package var isEmpty: Bool { adding.isEmpty && removing.isEmpty }
}

/// The three-way merge, flag by flag and keyword by keyword (law L6).
///
/// A change is what differs from what *that side* last showed; each side is asked to follow the other's changes only.
/// So a flag that a side never could hold is no change of that side. Where one side added what the other removed at the
/// same time, the flag stays: nothing that a person marked is lost.
package func mergeFlags(base: Sides<FlagSet>, seen: Sides<FlagSet>) -> Sides<FlagDifference> {
  let added = Sides(
    near: seen.near.subtracting(base.near), far: seen.far.subtracting(base.far))
  let removed = Sides(
    near: base.near.subtracting(seen.near), far: base.far.subtracting(seen.far))
  func difference(for side: Side) -> FlagDifference {
    FlagDifference(
      adding: added[side.other].subtracting(seen[side]),
      removing: removed[side.other].intersection(seen[side]).subtracting(added[side]))
  }
  return Sides(near: difference(for: .near), far: difference(for: .far))
}

/// The base for two messages found to be the same without a common past: merging from it gives the union, but for
/// \Deleted, which stays only where both have it (law L1 before all else).
package func baseForStrangers(near: FlagSet, far: FlagSet) -> FlagSet {
  var common = near.intersection(far)
  if near.system.union(far.system).contains(.deleted) { common.system.insert(.deleted) }
  return common
}
