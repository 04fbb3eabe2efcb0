import Mail
import Ports
import Reconciliation

/// What a server still stores after messages were sent to it and no answer came: it reads what a broken connection left
/// in its buffers, however busy it is, and no command tells when it has. Looked at too soon, they would be sent once more
/// (law L3).
///
/// Others go on meanwhile: a folder in which something comes every second must not be waited for, so only what may be one
/// of the messages sent is looked at.
@Loop
struct LateArrivals {
  /// Between two looks whether the server is still at work, and how many there are at most.
  private static let interval: Duration = .seconds(3)
  private static let looksMax = 10

  let context: AccountContext
  let folder: SyncedFolder
  let side: Side
  /// What was sent to this side, and not answered.
  let drafts: [IntentDraft]

  /// Returns when all of them are there, or when no more of them come.
  func settle() async throws(StoreError) {
    var before: Set<MessageKey>?
    for _ in 1...Self.looksMax {
      let look = try await context.stores[side].look(at: folder.names[side], .wide(since: folder.checkpoints[side]))
      folder.checkNumbering(look.numbering, on: side)
      let arrivals = try arrivals(in: look)
      let now = Set(arrivals.keys)
      if now == before || areAllAmong(arrivals.values.compactMap(DatedTraits.init)) { return }
      before = now
      guard await context.sleep(Self.interval) else { return }
    }
  }

  /// Of messages that the base does not know, those that may be one of the drafts. A server that re-renders tells another
  /// size.
  private func arrivals(in look: Look) throws(StoreError) -> [MessageKey: Observation] {
    let sizes = Set(drafts.map { $0.identity?.wireSize })
    let names = Set(drafts.compactMap { $0.identity?.messageID })
    let lowest = drafts.contains { $0.uidNext == nil } ? nil : drafts.compactMap(\.uidNext).min()
    var arrivals = look.present.filter { key, observation in
      if let lowest, let uid = key.uid, uid < lowest { return false }
      guard !sizes.contains(nil), let size = observation.traits?.wireSize else { return true }
      return sizes.contains(size) || observation.traits?.messageID.map(names.contains) ?? false
    }
    let known = try context.withLedger { ledger throws(LedgerError) in
      try ledger.pairs(in: folder.id, side: side, keys: arrivals.keys)
    }
    for pair in known { arrivals[pair[side].key] = nil }
    return arrivals
  }

  /// Each under a number that it can have, with all that it was given: no other way brings a message with that.
  private func areAllAmong(_ arrivals: [DatedTraits]) -> Bool {
    var arrivals = arrivals
    return drafts.allSatisfy { draft in
      guard draft.uidNext != nil, let place = arrivals.firstIndex(where: { $0.areThose(of: draft) }) else {
        return false
      }
      arrivals.remove(at: place)
      return true
    }
  }
}
