import Mail
import Ports
import Reconciliation

/// A folder of a local store that is an older copy of itself (`StoreAge`). Names mean what they meant, so that nothing is to
/// be read; but what is missing there was deleted by nobody, and its flags are those of back then. What was deleted since
/// is there again, and new.
@Loop
struct OlderCopy {
  let context: AccountContext
  let folder: SyncedFolder
  let side: Side

  /// Answers the sides that have to be looked at whole: their messages lost partners by it, or their flags are news.
  func settle(_ look: Look) async throws(StoreError) -> Set<Side> {
    guard look.coverage == .complete, !look.isPartial else {
      throw StoreError(
        .folder, .unavailable, "messages came and went on the \(side) side while it was matched anew; tried again soon")
    }
    let known = try pairs()
    // Another folder's pass may be moving some of them to it, and has them as its own afterwards.
    await context.claims.claim(Set(known.map(\.id)))
    defer { context.claims.release(Set(known.map(\.id))) }
    let there = Set(known.map(\.id))
    var changes: [LedgerChange] = []
    var isNews = false
    for pair in try pairs() where there.contains(pair.id) {
      if let shown = look.present[pair[side].key]?.flags {
        // As if both had been so: then the other side's flags are the news (law L6).
        guard shown != pair[.near].flags || shown != pair[.far].flags else { continue }
        changes.append(.setFlags(pair.id, Sides(near: shown, far: shown)))
        isNews = true
      } else if look.unreadable[pair[side].key] == nil {
        changes.append(.removePair(pair.id))
        isNews = true
      }
    }
    if isNews {
      let void = folder.checkpoints[side.other]?.void
      changes.append(.setCheckpoint(folder.id, side.other, void))
      folder.checkpoints[side.other] = void
    }
    try context.commitDurably(changes)
    try StoreAge.forget(folder.id, context)
    folder.olderCopies = []
    return isNews ? [side.other] : []
  }

  private func pairs() throws(StoreError) -> [Pair] {
    try context.withLedger { ledger throws(LedgerError) in try ledger.pairs(in: folder.id) }
  }
}
