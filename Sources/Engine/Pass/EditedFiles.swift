import Mail
import Ports
import Reconciliation

/// Local files that somebody wrote over, under the same name. IMAP has no such thing, and nobody looks for it; but what was
/// deleted on the other side is the message that was there before, and not this one (law L1).
@Loop
struct EditedFiles {
  let context: AccountContext
  let folder: SyncedFolder
  let side: Side

  /// Which of the messages that are to be deleted are others by now. The base knows them no more, so that the next look
  /// finds them as new ones.
  func keep(_ records: [PairRecord]) async throws(StoreError) -> Set<PairID> {
    guard context.stores[side].isLocal else { return [] }
    var edited: Set<PairID> = []
    for portion in records.portions(of: AccountContext.pairsAtOnce) {
      let read = try await context.stores[side].identify(portion.map(\.pair[side].key), in: folder.names[side])
      edited.formUnion(portion.filter { isOther(read[$0.pair[side].key], than: $0) }.map(\.pair.id))
    }
    guard !edited.isEmpty else { return [] }
    context.needsListing = true
    try context.commitDurably(edited.sorted().map { .removePair($0) } + [folder.bereave(side)])
    return edited
  }

  /// The file's date goes with what was written. Where it is the message's, other octets are the server's doing: of what
  /// it cannot store it makes something else.
  private func isOther(_ found: Identified?, than record: PairRecord) -> Bool {
    guard let found else { return false }
    return found.identity.digest != record.identity.digest && found.date != record.date
  }
}
