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
  /// By the side that has them; each with the content of those of its messages that were read.
  private var folders = Sides<[FolderName: [MessageKey: MessageDigest]]>(near: [:], far: [:])
  /// What was found since they were listed. Each look at one takes a connection from a mailbox that it watches, and what
  /// came there meanwhile needs a pass, and that a look again.
  private var found = Sides<[FolderName: Set<PairID>]>(near: [:], far: [:])
  /// For which pairs.
  private var wanted = Sides<Set<PairID>>(near: [], far: [])

  func names(on side: Side) -> Set<FolderName> { Set(folders[side].keys) }

  func set(_ names: Set<FolderName>, on side: Side) {
    folders[side] = Dictionary(uniqueKeysWithValues: names.map { ($0, folders[side][$0] ?? [:]) })
    (found[side], wanted[side]) = ([:], [])
  }

  /// Which of the pairs have their message in such a folder of `side`, by folder. Where one cannot be looked at, it may
  /// hold them all.
  func holding(
    _ records: [PairRecord], on side: Side, of store: any MailStore
  ) async throws(StoreError) -> [FolderName: Set<PairID>] {
    let pairs = Set(records.map(\.pair.id))
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
        let present = try await store.look(at: name, .glance).present
        found[name] =
          store.isLocal ? try await read(Set(present.keys), name, side, store, records) : Self.compare(present, records)
      } catch {
        guard error.scope < .account else { throw error }
        // What went away meanwhile is listed anew in a moment.
        found[name] = error.kind == .gone ? [] : Set(records.map(\.pair.id))
      }
    }
    return found
  }

  private func read(
    _ keys: Set<MessageKey>, _ name: FolderName, _ side: Side, _ store: any MailStore, _ records: [PairRecord]
  ) async throws(StoreError) -> Set<PairID> {
    var known = (folders[side][name] ?? [:]).filter { keys.contains($0.key) }
    for portion in keys.subtracting(known.keys).sorted().portions(of: AccountContext.pairsAtOnce) {
      known.merge(try await store.identify(Array(portion), in: name).mapValues(\.identity.digest)) { $1 }
    }
    if folders[side][name] != nil { folders[side][name] = known }
    let digests = Set(known.values)
    return Set(records.filter { digests.contains($0.identity.digest) }.map(\.pair.id))
  }

  /// What would have to be fetched is compared by what the server tells of it: at worst one more stays for a while.
  private static func compare(_ present: [MessageKey: Observation], _ records: [PairRecord]) -> Set<PairID> {
    let there = Set(present.values.map(\.traits))
    let alike = records.filter { record in
      there.contains { $0?.wireSize == record.identity.wireSize && $0?.messageID == record.identity.messageID }
    }
    return Set(alike.map(\.pair.id))
  }
}
