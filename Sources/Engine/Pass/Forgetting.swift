import Ports
import Reconciliation

/// Takes out of the base what is gone on both sides: there is nothing left to be done.
@Loop
struct Forgetting {
  let context: AccountContext
  let folder: SyncedFolder

  /// Only what still is what was seen when its turn comes: a pair that another pass is moving shows the same, and is in
  /// its new folder then (law L3).
  func run(_ forgotten: [Pair]) async throws(StoreError) {
    guard !forgotten.isEmpty else { return }
    let pairs = Set(forgotten.map(\.id))
    await context.claims.claim(pairs)
    defer { context.claims.release(pairs) }
    let gone = try context.withLedger { ledger throws(LedgerError) in
      var gone: [PairID] = []
      for pair in forgotten {
        guard let record = try ledger.record(of: pair.id), record.folder == folder.id,
          Side.allCases.allSatisfy({ record.pair[$0].key == pair[$0].key })
        else { continue }
        gone.append(pair.id)
      }
      return gone
    }
    guard !gone.isEmpty else { return }
    try context.commitDurably(gone.map { .removePair($0) } + Side.allCases.flatMap(folder.lose))
  }
}
