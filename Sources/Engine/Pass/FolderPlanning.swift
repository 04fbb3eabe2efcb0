import Mail
import Ports
import Reconciliation

/// Makes the plan of one folder out of its base and what was seen of both sides.
@Loop
struct FolderPlanning {
  let context: AccountContext
  let folder: SyncedFolder
  let looks: Sides<Look>

  func plan() throws(StoreError) -> FolderPlan {
    var plan = reconcile(base: try base(), near: looks.near, far: looks.far)
    for side in Side.allCases where !folder.departed[side].isEmpty {
      plan.arrivals[side].removeAll { folder.departed[side].contains($0.key) }
    }
    return plan
  }

  /// Every pair where a look was complete; else just those that the looks speak of.
  private func base() throws(StoreError) -> [Pair] {
    try context.withLedger { ledger throws(LedgerError) in
      if looks.near.coverage == .complete || looks.far.coverage == .complete {
        return try ledger.pairs(in: folder.id)
      }
      var found: [PairID: Pair] = [:]
      for side in Side.allCases {
        let keys = Set(looks[side].present.keys).union(looks[side].gone)
        guard !keys.isEmpty else { continue }
        for pair in try ledger.pairs(in: folder.id, side: side, keys: keys) { found[pair.id] = pair }
      }
      return found.values.sorted { $0.id < $1.id }
    }
  }
}
