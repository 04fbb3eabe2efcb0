import Ports
import Reconciliation

/// Takes out of the base what is gone on both sides: there is nothing left to be done.
@Loop
struct Forgetting {
  let context: AccountContext
  let folder: SyncedFolder
  /// What shows that they are gone.
  let looks: Sides<Look>

  /// Only what still is this folder's when its turn comes: a pair that another pass is moving shows the same, and is in
  /// its new folder then (law L3).
  func run(_ forgotten: [PairID]) async throws(StoreError) {
    guard !forgotten.isEmpty else { return }
    let pairs = Set(forgotten)
    await context.claims.claim(pairs)
    defer { context.claims.release(pairs) }
    let gone = try context.withLedger { ledger throws(LedgerError) in
      var gone: [PairID] = []
      for id in forgotten {
        guard let record = try ledger.record(of: id), record.folder == folder.id,
          Side.allCases.allSatisfy({ looks[$0].shows(gone: record.pair[$0].key) })
        else { continue }
        gone.append(id)
      }
      return gone
    }
    guard !gone.isEmpty else { return }
    try context.commitDurably(gone.map { .removePair($0) } + Side.allCases.flatMap(folder.distrust))
  }
}
