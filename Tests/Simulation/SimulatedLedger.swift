package import Mail
package import Ports
package import Reconciliation

/// The ledger in memory: the contract of `Ledger` in its simplest form. Outlives a simulated crash, as a database does,
/// and a power cut with as little as the contract allows.
@Loop
package final class SimulatedLedger: Ledger {
  private struct Content {
    var rows: [FolderID: LedgerFolder] = [:]
    var all: [PairID: PairRecord] = [:]
    var intents: [IntentID: (FolderID, IntentDraft)] = [:]
    var aside: [SetAside] = []
    var kept: [LimboEntry] = []
    var facts: [String: String] = [:]
    var nextID: Int64 = 1
  }

  private let faults: Faults
  private var now = Content()
  /// As of the last durable commit.
  private var durable = Content()
  /// How many there were.
  package private(set) var barriers = 0
  /// How many entries of messages set aside were told in all.
  package private(set) var setAsideTold = 0

  package init(faults: Faults) { self.faults = faults }

  package func folders() throws(LedgerError) -> [LedgerFolder] { now.rows.values.sorted { $0.id < $1.id } }

  package func addFolder(_ names: Sides<FolderName>) throws(LedgerError) -> LedgerFolder {
    try step("add folder")
    precondition(
      !now.rows.values.contains { $0.names.near == names.near || $0.names.far == names.far },
      "a folder has one partner at a time: the true ledger refuses this")
    let row = LedgerFolder(
      id: FolderID(rawValue: newID()), names: names, checkpoints: Sides(near: nil, far: nil), lastPass: nil)
    now.rows[row.id] = row
    return row
  }

  package func removeFolder(_ id: FolderID) throws(LedgerError) {
    try step("remove folder")
    now.rows[id] = nil
    now.all = now.all.filter { $0.value.folder != id }
    now.intents = now.intents.filter { $0.value.0 != id }
    now.aside.removeAll { $0.folder == id }
  }

  package func removePairs(in folder: FolderID, limit: Int) throws(LedgerError) -> Bool {
    try step("remove pairs")
    let removed = try records(in: folder).prefix(limit)
    for record in removed { now.all[record.pair.id] = nil }
    return !removed.isEmpty
  }

  package func pairs(in folder: FolderID) throws(LedgerError) -> [Pair] { try records(in: folder).map(\.pair) }

  package func pairs(
    in folder: FolderID, side: Side, keys: some Collection<MessageKey>
  ) throws(LedgerError) -> [Pair] {
    let keys = Set(keys)
    return try pairs(in: folder).filter { keys.contains($0[side].key) }
  }

  package func uids(in folder: FolderID, side: Side, from uid: UID) throws(LedgerError) -> [UID] {
    try pairs(in: folder).compactMap { $0[side].key.uid }.filter { $0 >= uid }
  }

  package func pairCount(in folder: FolderID) throws(LedgerError) -> Int { try pairs(in: folder).count }
  package func record(of pair: PairID) throws(LedgerError) -> PairRecord? { now.all[pair] }

  package func records(digest: MessageDigest) throws(LedgerError) -> [PairRecord] {
    sorted { $0.identity.digest == digest }
  }

  package func records(wireSize: Int, messageID: String?) throws(LedgerError) -> [PairRecord] {
    sorted { $0.identity.wireSize == wireSize && $0.identity.messageID == messageID }
  }

  package func records(in folder: FolderID) throws(LedgerError) -> [PairRecord] { sorted { $0.folder == folder } }

  package func records(
    in folder: FolderID, behind key: MessageKey?, limit: Int
  ) throws(LedgerError) -> [PairRecord] {
    let found = sorted { record in record.folder == folder && (key.map { record.pair[.near].key > $0 } ?? true) }
    return Array(found.sorted { $0.pair[.near].key < $1.pair[.near].key }.prefix(limit))
  }

  package func commit(_ changes: [LedgerChange]) throws(LedgerError) {
    try step("commit")
    for change in changes { apply(change) }
    try step("committed")
  }

  package func commitDurably(_ changes: [LedgerChange]) throws(LedgerError) {
    try commit(changes)
    makeDurable()
    barriers += 1
  }

  /// The kernel has written everything.
  package func makeDurable() { durable = now }

  /// All is lost that came after the last durable commit.
  package func cutPower() { now = durable }

  package func intents(in folder: FolderID) throws(LedgerError) -> [Intent] {
    now.intents.filter { $0.value.0 == folder }.sorted { $0.key.rawValue < $1.key.rawValue }
      .map { Intent(id: $0.key, draft: $0.value.1) }
  }

  package func setAside(in folder: FolderID?) throws(LedgerError) -> [SetAside] {
    told(now.aside.filter { folder == nil || $0.folder == folder })
  }

  package func setAside(
    in folder: FolderID, side: Side, keys: some Collection<MessageKey>
  ) throws(LedgerError) -> [SetAside] {
    let keys = Set(keys)
    return told(now.aside.filter { $0.folder == folder && $0.side == side && keys.contains($0.key) })
  }

  private func told(_ entries: [SetAside]) -> [SetAside] {
    setAsideTold += entries.count
    return entries
  }

  package func limbo(before seconds: Int64?) throws(LedgerError) -> [LimboEntry] {
    now.kept.filter { $0.since < seconds ?? .max }
  }
  package func limbo(wireSize: Int, messageID: String) throws(LedgerError) -> [LimboEntry] {
    now.kept.filter { $0.identity.wireSize == wireSize && $0.identity.messageID == messageID }
  }
  package func fact(_ name: String) throws(LedgerError) -> String? { now.facts[name] }
  package func setFact(_ name: String, to value: String?) throws(LedgerError) {
    now.facts[name] = value
    makeDurable()
  }
  package func close() {}

  private func sorted(_ isWanted: (PairRecord) -> Bool) -> [PairRecord] {
    now.all.values.filter(isWanted).sorted { $0.pair.id < $1.pair.id }
  }

  private func newID() -> Int64 {
    now.nextID += 1
    return now.nextID
  }

  private func step(_ name: String) throws(LedgerError) {
    do {
      try faults.step("ledger \(name)")
    } catch {
      throw LedgerError(error.text)
    }
  }

  private func apply(_ change: LedgerChange) {
    switch change {
    case .addPair(let folder, let near, let far, let identity, let date):
      let pair = Pair(id: PairID(rawValue: newID()), near: near, far: far)
      precondition(
        !now.all.values.contains {
          $0.folder == folder && ($0.pair[.near].key == near.key || $0.pair[.far].key == far.key)
        }, "a message has one partner")
      now.all[pair.id] = PairRecord(folder: folder, pair: pair, identity: identity, date: date)
    case .setFlags(let id, let flags):
      guard let record = now.all[id] else { return }
      var pair = record.pair
      for side in Side.allCases { pair[side].flags = flags[side] }
      now.all[id] = PairRecord(folder: record.folder, pair: pair, identity: record.identity, date: record.date)
    case .relocate(let id, let folder, let near, let far):
      guard let record = now.all[id] else { return }
      now.all[id] = PairRecord(
        folder: folder, pair: Pair(id: id, near: near, far: far), identity: record.identity, date: record.date)
    case .removePair(let id): now.all[id] = nil
    case .setCheckpoint(let folder, let side, let checkpoint): now.rows[folder]?.checkpoints[side] = checkpoint
    case .passCompleted(let folder, let seconds):
      // Ids of all kinds are drawn from one row.
      let newest = PairID(rawValue: now.nextID - 1)
      now.rows[folder]?.lastPass = seconds
      now.rows[folder]?.lastPair = newest
    case .addIntent(let folder, let draft): now.intents[IntentID(rawValue: newID())] = (folder, draft)
    case .removeIntent(let id): now.intents[id] = nil
    case .setAside(let entry):
      apply(.clearSetAside(entry.folder, entry.side, entry.key))
      now.aside.append(entry)
    case .clearSetAside(let folder, let side, let key):
      now.aside.removeAll { $0.folder == folder && $0.side == side && $0.key == key }
    case .addLimbo(let entry): now.kept.append(entry)
    case .removeLimbo(let key): now.kept.removeAll { $0.key == key }
    }
  }
}
