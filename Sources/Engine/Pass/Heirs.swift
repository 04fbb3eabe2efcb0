import Mail
import Ports
import Reconciliation

/// Finds out of which messages that go from their folder live on in another one: they were moved, whatever the two sides
/// make of it, and that is no deletion to the brake (law L9).
///
/// An heir has the same content, in another folder of both sides, and the base came to know it later, and not long ago: a
/// copy that was there before does not tell that this one was moved. Each is the heir of one message only.
@Loop
struct Heirs {
  let context: AccountContext
  /// On which the messages would be deleted.
  let side: Side
  /// Where they may be; nil for every folder that takes part.
  private let places: Set<FolderID>?
  /// Each newer pair came not long ago; nil: what came a moment ago did.
  private let recent: PairID?
  /// Pairs that are nobody's heir, because they go themselves or are one's already.
  private var taken: Set<PairID>

  /// Of what goes from folders that are there.
  init(context: AccountContext, side: Side, besides going: Set<PairID>) {
    (self.context, self.side, places, recent) = (context, side, nil, nil)
    taken = going
  }

  /// Of what was in a folder that is gone, and was whole when `lastPair` was the newest pair; nil where that is not known.
  init(context: AccountContext, side: Side, in places: Set<FolderID>, since lastPair: PairID?) {
    (self.context, self.side, self.places, recent) = (context, side, places, lastPair)
    taken = []
  }

  /// The message's heir, which is its own from now on; nil where it has none.
  mutating func takeOne(for record: PairRecord) throws(StoreError) -> PairRecord? {
    let likes = try context.withLedger { ledger throws(LedgerError) in
      try ledger.records(digest: record.identity.digest)
    }
    guard let heir = likes.first(where: { isHeir($0, of: record) }) else { return nil }
    taken.insert(heir.pair.id)
    return heir
  }

  private func isHeir(_ like: PairRecord, of record: PairRecord) -> Bool {
    guard like.folder != record.folder, like.pair.id > record.pair.id, !taken.contains(like.pair.id),
      places?.contains(like.folder) ?? true, let folder = context.folders[like.folder]
    else { return false }
    guard isRecent(like) else { return false }
    // A folder that only one side has is for a person to decide about.
    guard !context.loneFolders.include(folder) else { return false }
    // What is to be deleted there, too, and waits or is held, may be this very one.
    return !context.gathered[side].contains(like.pair.id) && !folder.held.contains { $0.side == side }
  }

  private func isRecent(_ like: PairRecord) -> Bool {
    if let recent { return like.pair.id > recent }
    return context.recentArrivals.contains(like.identity.digest, in: like.folder, at: context.clock.now)
  }
}
