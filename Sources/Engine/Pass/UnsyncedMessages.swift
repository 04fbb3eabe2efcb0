import Mail
import Ports
import Reconciliation

/// Messages that lie here and have not come to the other side: those without a partner in a folder whose pass failed, and
/// those that are set aside.
///
/// One that somebody moved there is gone from its old place, and the other side has it in its old place only. Deleted
/// there, it would be on this disk and nowhere else. On a server it would be safe: so only what is local is looked at.
@Loop
final class UnsyncedMessages {
  /// The content of those that were read.
  private var known: [FolderID: [MessageKey: MessageDigest]] = [:]

  /// Which of the pairs have their message among these, by folder. Where one cannot be looked at, it may hold them all.
  func holding(
    _ records: [PairRecord], on side: Side, _ context: AccountContext
  ) async throws(StoreError) -> [FolderName: Set<PairID>] {
    let aside = try context.withLedger { ledger throws(LedgerError) in
      Dictionary(grouping: try ledger.setAside(in: nil).filter { $0.side == side }, by: \.folder)
    }
    var found: [FolderName: Set<PairID>] = [:]
    for folder in context.folders.all {
      var keys = Set((aside[folder.id] ?? []).map(\.key))
      do {
        if !folder.isConfirmed { keys.formUnion(try await unpaired(folder, side, context)) }
        let digests = try await digests(of: keys, folder, side, context)
        found[folder.title] = Set(records.filter { digests.contains($0.identity.digest) }.map(\.pair.id))
      } catch {
        guard error.scope < .account else { throw error }
        // One that went away meanwhile is listed anew in a moment.
        found[folder.title] = error.kind == .gone ? [] : Set(records.map(\.pair.id))
      }
    }
    return found.filter { !$0.value.isEmpty }
  }

  private func unpaired(
    _ folder: SyncedFolder, _ side: Side, _ context: AccountContext
  ) async throws(StoreError) -> Set<MessageKey> {
    let present = try await context.stores[side].look(at: folder.names[side], .glance).present
    var unpaired = Set(present.keys)
    for portion in unpaired.sorted().portions(of: AccountContext.pairsAtOnce) {
      let pairs = try context.withLedger { ledger throws(LedgerError) in
        try ledger.pairs(in: folder.id, side: side, keys: portion)
      }
      unpaired.subtract(pairs.map { $0[side].key })
      await Task.yield()
    }
    return unpaired
  }

  private func digests(
    of keys: Set<MessageKey>, _ folder: SyncedFolder, _ side: Side, _ context: AccountContext
  ) async throws(StoreError) -> Set<MessageDigest> {
    var read = (known[folder.id] ?? [:]).filter { keys.contains($0.key) }
    for portion in keys.subtracting(read.keys).sorted().portions(of: AccountContext.pairsAtOnce) {
      let found = try await context.stores[side].identify(Array(portion), in: folder.names[side])
      read.merge(found.mapValues(\.identity.digest)) { $1 }
    }
    known[folder.id] = read.isEmpty ? nil : read
    return Set(read.values)
  }
}
