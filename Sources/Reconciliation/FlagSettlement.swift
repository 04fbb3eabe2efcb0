package import Mail

/// What a carried-out flag change leaves for the base, and what it happened to show besides.
///
/// A store answers a change with all that the message then bears. Of that, only what was asked for may be recorded:
/// a flag that somebody else set at the same moment is a change that the other side has yet to follow (law L6).
package func settledFlags(before: FlagSet, adding: FlagSet, removing: FlagSet, shown: FlagSet) -> FlagSet {
  let unheld = adding.subtracting(shown)
  let kept = removing.intersection(shown)
  return before.union(adding).subtracting(removing).subtracting(unheld).union(kept)
}
