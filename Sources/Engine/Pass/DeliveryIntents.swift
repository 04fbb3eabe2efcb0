import Mail
import Ports
import Reconciliation

/// The notes of what is about to come into a folder on one side: sent, copied or moved by a step whose answer may be
/// lost. Whoever finds such a note knows a message that arrived for martlet's own doing, and not for anybody else's
/// (law L3).
@Loop
struct DeliveryIntents {
  let context: AccountContext
  let folder: SyncedFolder
  /// The side that the messages come to.
  let target: Side

  /// Before the step. `reserved` are the names that they will have, where the target gives out names; `moved` the pairs
  /// whose messages are moved here, by what arrived.
  func record(
    _ parcels: [Parcel], reserved: [MessageKey]? = nil, moved: [MessageKey: PairID] = [:]
  ) throws(StoreError) {
    let lowest: UID? =
      if case .imap(let checkpoint)? = folder.checkpoints[target] { checkpoint.uidNext } else { nil }
    try context.commit(
      parcels.enumerated().map { index, parcel in
        .addIntent(
          folder.id,
          IntentDraft(
            target: target, source: Sighting(key: parcel.arrival.key, flags: parcel.arrival.observation.flags),
            reserved: reserved?[index], uidNext: lowest, identity: parcel.identity, date: parcel.date,
            moved: moved[parcel.arrival.key]))
      })
  }

  /// For the transaction that records what came of it.
  func removals(of parcels: [Parcel]) throws(StoreError) -> [LedgerChange] {
    let keys = Set(parcels.map(\.arrival.key))
    return try context.withLedger { ledger throws(LedgerError) in try ledger.intents(in: folder.id) }
      .filter { $0.draft.target == target && keys.contains($0.draft.source.key) }
      .map { .removeIntent($0.id) }
  }
}
