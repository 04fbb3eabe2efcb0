import Mail
import Ports
import Reconciliation

/// Messages whose files were given other names, as backups and some mail readers do: what is gone from the folder and what
/// is new in it are one, and nothing has to be done on the other side.
@Loop
struct Renaming {
  let context: AccountContext
  let folder: SyncedFolder

  struct Rename {
    let side: Side
    let arrival: Arrival
    let record: PairRecord

    /// The flags are still what both sides had in common: what the new name tells besides is followed as ever.
    var pair: Pair {
      var pair = record.pair
      pair[side] = Sighting(key: arrival.key, flags: pair[side].flags)
      return pair
    }
  }

  struct Outcome {
    var renames: [Rename] = []
    /// What was read to find them.
    var identified = Sides<[MessageKey: Identified]>(near: [:], far: [:])
  }

  /// Tells the base of the new names, but for a dry run; then the plan has to be made anew.
  func run(_ plan: FolderPlan, _ options: PassOptions) async throws(StoreError) -> Outcome {
    var outcome = Outcome()
    for side in Side.allCases where context.stores[side].isLocal {
      // Of those alike, one that is there on the other side is taken first.
      let pairs = plan.deletions[side.other].map(\.pair).sorted() + plan.forgotten.map(\.id).sorted()
      guard !pairs.isEmpty, !plan.arrivals[side].isEmpty else { continue }
      // Another pass may be moving some of them to its folder.
      let claimed = Set(pairs)
      await context.claims.claim(claimed)
      defer { context.claims.release(claimed) }
      let arrivals = try notUnderWay(plan.arrivals[side], side)
      let found = try believed(try await find(arrivals, pairs, side, &outcome.identified[side]), plan, side)
      if !options.isDryRun { try await record(found, side) }
      outcome.renames += found
    }
    return outcome
  }

  /// Without those of pairs that are gone on the other side as well, unless that shows so little that the brake holds
  /// what they would be deleted for: it may show the rest again, and what only got another name here would be there twice
  /// (laws L3, L9). Otherwise who brings a message to where it is gone has made it anew (law L1).
  private func believed(_ renames: [Rename], _ plan: FolderPlan, _ side: Side) throws(StoreError) -> [Rename] {
    let gone = Set(plan.forgotten.map(\.id))
    let there = renames.filter { !gone.contains($0.record.pair.id) }
    guard there.count < renames.count else { return renames }
    let total = try context.withLedger { ledger throws(LedgerError) in try ledger.pairCount(in: folder.id) }
    let missing = plan.deletions[side].count + renames.count - there.count
    let isHeld = MessageDeletion(context: context, folder: folder, on: side).isTooMuch(missing, of: total)
    return isHeld ? renames : there
  }

  /// Those of which no copy was begun, which may be there by now and has no other partner (law L3).
  private func notUnderWay(_ arrivals: [Arrival], _ side: Side) throws(StoreError) -> [Arrival] {
    let intents = try context.withLedger { ledger throws(LedgerError) in try ledger.intents(in: folder.id) }
    let begun = Set(intents.map(\.draft).filter { $0.target == side.other }.map(\.source.key))
    return begun.isEmpty ? arrivals : arrivals.filter { !begun.contains($0.key) }
  }

  private func find(
    _ arrivals: [Arrival], _ pairs: [PairID], _ side: Side, _ identified: inout [MessageKey: Identified]
  ) async throws(StoreError) -> [Rename] {
    var gone: [MessageDigest: [PairRecord]] = [:]
    for record in try await context.records(of: pairs.reversed()) where record.folder == folder.id {
      gone[record.identity.digest, default: []].append(record)
    }
    guard !gone.isEmpty else { return [] }
    let read = try await context.stores[side].identify(arrivals.map(\.key), in: folder.names[side])
    identified = read
    return arrivals.compactMap { arrival in
      guard let digest = read[arrival.key]?.identity.digest, let record = gone[digest]?.popLast() else { return nil }
      return Rename(side: side, arrival: arrival, record: record)
    }
  }

  /// A power cut that took the new name and left the old one gone would be taken for a deletion (law L1).
  private func record(_ renames: [Rename], _ side: Side) async throws(StoreError) {
    guard !renames.isEmpty else { return }
    try await context.stores[side].secure(renames.map(\.arrival.key), in: folder.names[side])
    try context.commit(
      renames.flatMap { rename -> [LedgerChange] in
        let pair = rename.pair
        return [
          .relocate(pair.id, to: folder.id, near: pair[.near], far: pair[.far]),
          .clearSetAside(folder.id, side, rename.arrival.key),
        ]
      })
  }
}

extension FolderPlan {
  /// For a dry run: as the plan would be if the base knew of them.
  func without(_ renames: [Renaming.Rename]) -> FolderPlan {
    var plan = self
    for side in Side.allCases {
      let renames = renames.filter { $0.side == side }
      let (keys, pairs) = (Set(renames.map(\.arrival.key)), Set(renames.map(\.record.pair.id)))
      plan.arrivals[side].removeAll { keys.contains($0.key) }
      plan.deletions[side.other].removeAll { pairs.contains($0.pair) }
      let gone = Set(plan.forgotten.map(\.id))
      plan.forgotten.removeAll { pairs.contains($0.id) }
      plan.deletions[side] += renames.filter { gone.contains($0.record.pair.id) }.map { Removal($0.pair, on: side) }
    }
    return plan
  }
}
