import Mail
import Ports
import Reconciliation

/// What is in the local messages that the other side does not take.
///
/// One of them may have been moved there from a folder in which both sides had it. Its old place is the only one that the
/// other side has: deleted there, the message would be nowhere. So it stays until it is taken, or is gone here, too.
/// What a server has would have to be fetched to be compared, and a Maildir takes all there is.
@Loop
final class UntakenMessages {
  private var digests: [FolderID: [MessageKey: MessageDigest]] = [:]

  /// What was set aside on `side` in other folders than this one, by folder.
  func contents(
    on side: Side, besides folder: SyncedFolder, in context: AccountContext
  ) async throws(StoreError) -> [FolderName: Set<MessageDigest>] {
    guard context.stores[side].isLocal else { return [:] }
    let entries = try context.withLedger { ledger throws(LedgerError) in try ledger.setAside(in: nil) }
    let keys = Dictionary(grouping: entries.filter { $0.side == side }, by: \.folder)
    digests = digests.filter { keys[$0.key] != nil }
    var contents: [FolderName: Set<MessageDigest>] = [:]
    for (id, entries) in keys where id != folder.id {
      guard let other = context.folders[id] else { continue }
      contents[other.title] = try await read(
        Set(entries.map(\.key)), of: id, other.names[side], context.stores[side])
    }
    return contents
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
