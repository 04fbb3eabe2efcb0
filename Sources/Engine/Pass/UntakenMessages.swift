import Mail
import Ports
import Reconciliation

/// What is in the local messages that have not come to the other side, although the folder is on both (for others see
/// `LoneFolders`): those that are set aside, and those without a partner in a folder whose pass failed.
///
/// One of them may have been moved there from a folder in which both sides had it. Its old place is the only one that the
/// other side has: deleted there, the message would be on this disk and nowhere else. So it stays until it is taken, or is
/// gone here, too. What was moved on a server is safe there, and would have to be fetched to be compared.
@Loop
final class UntakenMessages {
  enum Content {
    case these(Set<MessageDigest>)
    /// The folder cannot be looked at.
    case unknown

    func mayInclude(_ digest: MessageDigest) -> Bool {
      switch self {
      case .these(let digests): digests.contains(digest)
      case .unknown: true
      }
    }
  }

  /// Of those that were read.
  private var digests: [FolderID: [MessageKey: MessageDigest]] = [:]

  /// What there is on `side`, by folder. Of those in sync, a look has just shown that nothing is left there but what is set
  /// aside.
  func contents(
    on side: Side, inSync: Set<FolderID>, in context: AccountContext
  ) async throws(StoreError) -> [FolderName: Content] {
    guard context.stores[side].isLocal else { return [:] }
    let entries = try context.withLedger { ledger throws(LedgerError) in try ledger.setAside(in: nil) }
    let aside = Dictionary(grouping: entries.filter { $0.side == side }, by: \.folder)
    var contents: [FolderName: Content] = [:]
    for folder in context.folders.all where !context.loneFolders.include(folder) {
      do {
        var keys = Set((aside[folder.id] ?? []).map(\.key))
        let isFailing = !folder.isConfirmed && !inSync.contains(folder.id)
        if isFailing { keys.formUnion(try await unpaired(folder, side, context)) }
        digests[folder.id] = keys.isEmpty ? nil : try await read(keys, of: folder, side, context)
        if let known = digests[folder.id]?.values { contents[folder.title] = .these(Set(known)) }
      } catch {
        guard error.scope < .account else { throw error }
        // What went away meanwhile is listed anew in a moment.
        if error.kind != .gone { contents[folder.title] = .unknown }
      }
    }
    return contents
  }

  private func unpaired(
    _ folder: SyncedFolder, _ side: Side, _ context: AccountContext
  ) async throws(StoreError) -> Set<MessageKey> {
    var unpaired = Set(try await context.stores[side].look(at: folder.names[side], .glance).present.keys)
    for portion in unpaired.sorted().portions(of: AccountContext.pairsAtOnce) {
      unpaired.subtract(try context.partnered(Set(portion), on: side, in: folder.id))
      await Task.yield()
    }
    return unpaired
  }

  private func read(
    _ keys: Set<MessageKey>, of folder: SyncedFolder, _ side: Side, _ context: AccountContext
  ) async throws(StoreError) -> [MessageKey: MessageDigest] {
    var known = (digests[folder.id] ?? [:]).filter { keys.contains($0.key) }
    for portion in keys.subtracting(known.keys).sorted().portions(of: AccountContext.pairsAtOnce) {
      let found = try await context.stores[side].identify(Array(portion), in: folder.names[side])
      known.merge(found.mapValues(\.identity.digest)) { $1 }
    }
    return known
  }
}
