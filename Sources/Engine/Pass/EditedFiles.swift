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

  struct Outcome {
    /// What may go.
    var unchanged: [PairRecord] = []
    var edited = 0
    /// Cannot be read just now, or is not there any more: a later look tells.
    var undecided = 0
  }

  /// Parts the messages that are to be deleted from what is another by now. The base knows that no more, so that the next
  /// look finds it as a new one.
  func keep(_ records: [PairRecord]) async throws(StoreError) -> Outcome {
    guard context.stores[side].isLocal else { return Outcome(unchanged: records) }
    var outcome = Outcome()
    var edited: [PairID] = []
    for portion in records.portions(of: AccountContext.pairsAtOnce) {
      let read = try await context.stores[side].identify(portion.map(\.pair[side].key), in: folder.names[side])
      for record in portion {
        if let found = read[record.pair[side].key] {
          if isOther(found, than: record) { edited.append(record.pair.id) } else { outcome.unchanged.append(record) }
        } else {
          outcome.undecided += 1
        }
      }
    }
    guard !edited.isEmpty else { return outcome }
    context.needsListing = true
    try context.commitDurably(edited.sorted().map { .removePair($0) } + [folder.bereave(side)])
    outcome.edited = edited.count
    return outcome
  }

  /// The file's date goes with what was written. Where it is the message's, other octets are the server's doing: of what
  /// it cannot store it makes something else.
  private func isOther(_ found: Identified, than record: PairRecord) -> Bool {
    found.identity.digest != record.identity.digest && found.date != record.date
  }
}
