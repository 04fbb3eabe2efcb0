// Reconciliation: what is to be done so that two sides are equal, as pure functions; it looks at nothing and does nothing.
// It may import Mail only. Read this file first, then Look (what was seen) and FolderPlan (what comes of it).

import Mail

/// Three views, one pure function: what the base holds, what a look at each side showed → what to do.
///
/// `base` must hold every pair that either look speaks of; with a complete look, every pair of the folder. A pair that
/// a look of changes does not mention is as the base has it. Absence counts only where the evidence is positive: a key
/// that a look names as gone, or that a complete look neither shows nor finds unreadable (laws L1, L8).
package func reconcile(base: [Pair], near: Look, far: Look) -> FolderPlan {
  let looks = Sides(near: near, far: far)
  var plan = FolderPlan()
  var known = Sides<Set<MessageKey>>(near: [], far: [])
  for pair in base {
    for side in Side.allCases { known[side].insert(pair[side].key) }
    plan.add(pair, near: fate(of: pair[.near], in: looks.near), far: fate(of: pair[.far], in: looks.far))
  }
  for side in Side.allCases {
    plan.arrivals[side] = looks[side].present
      .filter { !known[side].contains($0.key) }
      .map { Arrival(key: $0.key, observation: $0.value) }
      .sorted { $0.key < $1.key }
  }
  return plan
}

/// What became of a known message on one side.
private enum Fate {
  case present(FlagSet, hidesKeywords: Bool)
  case gone
}

private func fate(of sighting: Sighting, in look: Look) -> Fate {
  let unchanged = Fate.present(sighting.flags, hidesKeywords: false)
  if let observation = look.present[sighting.key] {
    let hidden = observation.hidesKeywords ? FlagSet(keywords: sighting.flags.keywords) : .none
    return .present(observation.flags.union(hidden), hidesKeywords: observation.hidesKeywords)
  }
  if look.gone.contains(sighting.key) { return .gone }
  switch look.coverage {
  case .changes: return unchanged
  case .complete: return look.unreadable[sighting.key] == nil ? .gone : unchanged
  }
}

extension FolderPlan {
  /// Deletion wins over flags (law L7).
  fileprivate mutating func add(_ pair: Pair, near: Fate, far: Fate) {
    switch (near, far) {
    case (.gone, .gone): forgotten.append(pair)
    case (.gone, .present): deletions.far.append(Removal(pair, on: .far))
    case (.present, .gone): deletions.near.append(Removal(pair, on: .near))
    case (.present(let near, let nearHides), .present(let far, let farHides)):
      merge(pair, seen: Sides(near: near, far: far), hidesKeywords: Sides(near: nearHides, far: farHides))
    }
  }

  private mutating func merge(_ pair: Pair, seen: Sides<FlagSet>, hidesKeywords: Sides<Bool>) {
    let base = Sides(near: pair[.near].flags, far: pair[.far].flags)
    guard seen != base else { return }
    let merged = mergeFlags(base: base, seen: seen)
    if merged.near.isEmpty, merged.far.isEmpty {
      settled.append(Settlement(pair: pair.id, flags: seen))
      return
    }
    for side in Side.allCases where !merged[side].isEmpty {
      updates[side].append(
        Update(
          pair: pair.id, key: pair[side].key, adding: merged[side].adding, removing: merged[side].removing, seen: seen,
          hidesKeywords: hidesKeywords[side]))
    }
  }
}
