import Mail
import Ports
import Reconciliation

/// What is in the local messages that the other side does not take.
///
/// One of them may have been moved there from a folder in which both sides had it. Its old place is the only one that the
/// other side has: deleted there, the message would be nowhere. So it stays until it is taken, or is gone here, too.
@Loop
final class UntakenMessages {
  private var digests: [FolderID: [MessageKey: MessageDigest]] = [:]

  /// Which of these pairs, all of one folder, have their message among those set aside on `side` in others; by folder.
  func holding(
    _ records: [PairRecord], on side: Side, in context: AccountContext
  ) async throws(StoreError) -> [FolderName: Set<PairID>] {
    guard let folder = records.first?.folder, context.stores[side].isLocal else { return [:] }
    let entries = try context.withLedger { ledger throws(LedgerError) in try ledger.setAside(in: nil) }
    let keys = Dictionary(grouping: entries.filter { $0.side == side && $0.folder != folder }, by: \.folder)
    digests = digests.filter { keys[$0.key] != nil }
    var holding: [FolderName: Set<PairID>] = [:]
    for (id, entries) in keys.sorted(by: { $0.key < $1.key }) {
      guard let other = context.folders[id] else { continue }
      let there = try await read(Set(entries.map(\.key)), of: id, other.names[side], context.stores[side])
      let pairs = records.filter { there.contains($0.identity.digest) }.map(\.pair.id)
      if !pairs.isEmpty { holding[other.title] = Set(pairs) }
    }
    return holding
  }

  private func read(
    _ keys: Set<MessageKey>, of folder: FolderID, _ name: FolderName, _ store: any MailStore
  ) async throws(StoreError) -> Set<MessageDigest> {
    var known = (digests[folder] ?? [:]).filter { keys.contains($0.key) }
    for portion in keys.subtracting(known.keys).sorted().portions(of: AccountContext.pairsAtOnce) {
      known.merge(try await store.identify(Array(portion), in: name).mapValues(\.identity.digest)) { $1 }
    }
    digests[folder] = known
    return Set(known.values)
  }
}
