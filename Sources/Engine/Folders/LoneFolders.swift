import Mail
import Ports
import Reconciliation

/// Folders that one side has and the other has not: a server refuses the name, for instance, or somebody removed the
/// other one, and the brake holds what is left. And which messages lie in them.
///
/// A message that somebody moved into one is gone from its old place, and martlet cannot follow it. Deleted on the other
/// side, it would be nowhere there. So it stays there until the folder is on both sides, or the message is gone from it,
/// too.
@Loop
final class LoneFolders {
  /// By the side that has them.
  private var folders = Sides<[FolderName: LoneContent]>(near: [:], far: [:])
  /// What was found since they were listed. Each look at one takes a connection from a mailbox that it watches, and what
  /// came there meanwhile needs a pass, and that a look again.
  private var found = Sides<[FolderName: Set<PairID>]>(near: [:], far: [:])
  /// For which pairs.
  private var wanted = Sides<Set<PairID>>(near: [], far: [])
  /// Held by whoever looks at them: each look goes on from where the last one ended.
  private let lock = AsyncLock()

  func names(on side: Side) -> Set<FolderName> { Set(folders[side].keys) }

  /// True where one side only has the folder of a pair by now.
  func include(_ folder: SyncedFolder) -> Bool { Side.allCases.contains { folders[$0][folder.names[$0]] != nil } }

  func set(_ names: Set<FolderName>, on side: Side) {
    folders[side] = Dictionary(uniqueKeysWithValues: names.map { ($0, folders[side][$0] ?? LoneContent()) })
    (found[side], wanted[side]) = ([:], [])
  }

  /// Which of the pairs have their message in such a folder of `side`, by folder. Where one cannot be looked at, it may
  /// hold them all.
  func holding(
    _ records: [PairRecord], on side: Side, of store: any MailStore
  ) async throws(StoreError) -> [FolderName: Set<PairID>] {
    let pairs = Set(records.map(\.pair.id))
    await lock.acquire()
    defer { lock.release() }
    if !pairs.isSubset(of: wanted[side]) {
      let holding = try await look(for: records, on: side, of: store)
      found[side].merge(holding) { $0.subtracting(pairs).union($1) }
      wanted[side].formUnion(pairs)
    }
    return found[side].mapValues { $0.intersection(pairs) }.filter { !$0.value.isEmpty }
  }

  private func look(
    for records: [PairRecord], on side: Side, of store: any MailStore
  ) async throws(StoreError) -> [FolderName: Set<PairID>] {
    var found: [FolderName: Set<PairID>] = [:]
    for name in folders[side].keys.sorted() {
      do {
        let content = try await content(of: name, on: side, store)
        if folders[side][name] != nil { folders[side][name] = content }
        let held = records.filter { record in
          content.holds(store.isLocal ? .init(digest: record.identity.digest) : .init(record.identity))
        }
        found[name] = Set(held.map(\.pair.id))
      } catch {
        guard error.scope < .account else { throw error }
        // What went away meanwhile is listed anew in a moment.
        found[name] = error.kind == .gone ? [] : Set(records.map(\.pair.id))
      }
    }
    return found
  }

  /// What would have to be fetched is compared by what the server tells of it: at worst one more stays for a while.
  private func content(
    of name: FolderName, on side: Side, _ store: any MailStore
  ) async throws(StoreError) -> LoneContent {
    var content = folders[side][name] ?? LoneContent()
    let look = try await store.look(at: name, content.checkpoint.map { .glanceSince($0) } ?? .glance)
    content.take(look)
    guard store.isLocal else { return content }
    for portion in content.unread.sorted().portions(of: AccountContext.pairsAtOnce) {
      for (key, read) in try await store.identify(Array(portion), in: name) {
        content.note(.init(digest: read.identity.digest), of: key)
      }
    }
    return content
  }
}
