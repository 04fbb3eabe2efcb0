import Mail
import Ports
import Reconciliation

/// How messages leave one side of a folder: expunged or unlinked, or on the far side moved to the Trash that a person
/// named, and on the near side kept aside for a while.
@Loop
struct Disposal {
  let context: AccountContext
  let folder: SyncedFolder
  let side: Side

  /// From here to `end()`, which comes when the base is told, nobody else decides what goes to the Trash.
  func begin() async { if usesTrash { await context.trashLock.acquire() } }
  func end() { if usesTrash { context.trashLock.release() } }

  private var usesTrash: Bool { side == .far && context.deletionRules.trash.map { $0 != folder.names.far } ?? false }

  /// Which of these are gone from the folder afterwards, and what was kept of them. The base is the caller's.
  func run(
    _ records: [PairRecord], _ evidence: DeletionNotice.Evidence, _ options: PassOptions
  ) async throws(StoreError) -> Deletion {
    try await StoreAge(context: context, side: side.other).require()
    func tell(_ records: [PairRecord], _ way: DeletionNotice.Way) {
      guard !records.isEmpty else { return }
      context.tell(
        .deleting(
          DeletionNotice(
            folder: folder.title, side: side, records: records, evidence: evidence, way: way,
            isAllowedByPerson: options.allowsDeletions)))
    }
    guard usesTrash, let trash = context.deletionRules.trash else {
      tell(records, context.stores[side].isLocal ? .removed : .expunged)
      return try await delete(records)
    }
    let (kept, last) = try split(records)
    tell(last, .trash)
    tell(kept, .expunged)
    return try await moveToTrash(last, trash).and(try await delete(kept))
  }

  func delete(_ records: [PairRecord]) async throws(StoreError) -> Deletion {
    guard !records.isEmpty else { return Deletion() }
    let deletion: Deletion
    do {
      deletion = try await context.stores[side].delete(records.map(\.pair[side].key), in: folder.names[side])
    } catch {
      try noteMarks(records)
      throw error
    }
    try noteMarks(records.filter { !deletion.gone.contains($0.pair[side].key) })
    return deletion
  }

  /// A server's message is marked before it goes, and may have been where no answer came. Should it stay, because its file
  /// came back, then the base has the mark on both sides, and the file, which does not bear it, takes it off again (law
  /// L6).
  func noteMarks(_ records: [PairRecord]) throws(StoreError) {
    guard !context.stores[side].isLocal else { return }
    let mark = FlagSet(.deleted)
    let marked = records.map(\.pair).filter { pair in
      pair.id.rawValue > 0 && !Side.allCases.allSatisfy { mark.subtracting(pair[$0].flags).isEmpty }
    }
    for portion in marked.portions(of: AccountContext.pairsAtOnce) {
      try context.commit(
        portion.map { pair in
          .setFlags(
            pair.id, Sides(near: pair[.near].flags.union(mark), far: pair[.far].flags.union(mark)))
        } + folder.distrust(side.other))
    }
  }

  /// Messages that live on in another folder that takes part, as after a move there, and those that do not: only these
  /// are for the Trash. What the base has of a folder that the rules leave out now may be long gone.
  private func split(_ records: [PairRecord]) throws(StoreError) -> (elsewhere: [PairRecord], last: [PairRecord]) {
    var (elsewhere, last): ([PairRecord], [PairRecord]) = ([], [])
    for record in records {
      let isElsewhere = try context.hasPlace(for: record.identity.digest, besides: folder.id)
      if isElsewhere { elsewhere.append(record) } else { last.append(record) }
    }
    return (elsewhere, last)
  }

  /// The ledger's note of what the near store kept, so that it can be taken back, or is let go of in time.
  func remember(_ record: PairRecord, _ deletion: Deletion) -> [LedgerChange] {
    guard let kept = deletion.kept[record.pair[side].key] else { return [] }
    return [
      .addLimbo(LimboEntry(key: kept, identity: record.identity, date: record.date, since: context.wallSeconds))
    ]
  }
}
