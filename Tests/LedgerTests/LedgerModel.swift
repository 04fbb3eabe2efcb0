import LedgerSQLite
import Mail
import Ports
import Reconciliation

/// What the ledger promises, said in the plainest way: arrays and linear search. It refuses what the ledger refuses.
struct LedgerModel: Equatable {
  struct Refusal: Error {}

  struct FiledIntent: Hashable {
    let folder: FolderID
    let intent: Intent
  }

  var folders: [LedgerFolder] = []
  var records: [PairRecord] = []
  var intents: [FiledIntent] = []
  var setAside: [SetAside] = []
  var limbo: [LimboEntry] = []
  var facts: [String: String] = [:]
  private var lastPair: Int64 = 0
  private var lastIntent: Int64 = 0
  /// Pairs whose keys are free until they are placed.
  private var underway: Set<PairID> = []

  /// The ids given out so far are not told, so not compared.
  static func == (left: LedgerModel, right: LedgerModel) -> Bool {
    left.folders == right.folders && left.records == right.records
      && Set(left.intents) == Set(right.intents) && Set(left.setAside) == Set(right.setAside)
      && Set(left.limbo) == Set(right.limbo) && left.facts == right.facts
  }

  /// All or nothing. Of several pairs that move, none is in another's way.
  mutating func commit(_ changes: [LedgerChange]) throws {
    var next = self
    let moving = changes.compactMap { if case .relocate(let id, _, _, _) = $0 { id } else { nil } }
    if moving.count > 1 { next.underway = Set(moving) }
    for change in changes { try next.apply(change) }
    next.underway = []
    self = next
  }

  mutating func removeFolder(_ id: FolderID) {
    folders.removeAll { $0.id == id }
    records.removeAll { $0.folder == id }
    intents.removeAll { $0.folder == id }
    setAside.removeAll { $0.folder == id }
  }

  private mutating func apply(_ change: LedgerChange) throws {
    switch change {
    case .addPair(let folder, let near, let far, let identity, let date):
      lastPair += 1
      let pair = Pair(id: PairID(rawValue: lastPair), near: near, far: far)
      try place(PairRecord(folder: folder, pair: pair, identity: identity, date: date))
    case .setFlags(let id, let flags):
      guard let index = records.firstIndex(where: { $0.pair.id == id }) else { return }
      let old = records[index]
      var pair = old.pair
      for side in Side.allCases { pair[side].flags = flags[side] }
      records[index] = PairRecord(folder: old.folder, pair: pair, identity: old.identity, date: old.date)
    case .relocate(let id, let folder, let near, let far):
      guard let index = records.firstIndex(where: { $0.pair.id == id }) else { return }
      let old = records.remove(at: index)
      underway.remove(id)
      try place(
        PairRecord(
          folder: folder, pair: Pair(id: id, near: near, far: far), identity: old.identity, date: old.date))
    case .removePair(let id): records.removeAll { $0.pair.id == id }
    case .setCheckpoint, .passCompleted: applyToFolder(change)
    case .addIntent(let folder, let draft):
      try require(folder)
      lastIntent += 1
      intents.append(FiledIntent(folder: folder, intent: Intent(id: IntentID(rawValue: lastIntent), draft: draft)))
    case .removeIntent(let id): intents.removeAll { $0.intent.id == id }
    case .setAside(let entry):
      try require(entry.folder)
      clear(entry.folder, entry.side, entry.key)
      setAside.append(entry)
    case .clearSetAside(let folder, let side, let key): clear(folder, side, key)
    case .addLimbo(let entry):
      limbo.removeAll { $0.key == entry.key }
      limbo.append(entry)
    case .removeLimbo(let key): limbo.removeAll { $0.key == key }
    }
  }

  private mutating func applyToFolder(_ change: LedgerChange) {
    switch change {
    case .setCheckpoint(let id, let side, let checkpoint):
      guard let index = folders.firstIndex(where: { $0.id == id }) else { return }
      folders[index].checkpoints[side] = checkpoint
    case .passCompleted(let id, let time):
      guard let index = folders.firstIndex(where: { $0.id == id }) else { return }
      folders[index].lastPass = time
      folders[index].lastPair = PairID(rawValue: lastPair)
    default: preconditionFailure("not of a folder")
    }
  }

  private mutating func place(_ record: PairRecord) throws {
    try require(record.folder)
    for side in Side.allCases {
      let isTaken = records.contains {
        !underway.contains($0.pair.id) && $0.folder == record.folder && $0.pair[side].key == record.pair[side].key
      }
      if isTaken { throw Refusal() }
    }
    records.append(record)
    records.sort { $0.pair.id < $1.pair.id }
  }

  private mutating func clear(_ folder: FolderID, _ side: Side, _ key: MessageKey) {
    setAside.removeAll { $0.folder == folder && $0.side == side && $0.key == key }
  }

  private func require(_ folder: FolderID) throws {
    guard folders.contains(where: { $0.id == folder }) else { throw Refusal() }
  }
}

extension LedgerModel {
  /// Everything that a ledger tells, read back through its port; the ids given out so far are not told.
  @Loop
  init(reading ledger: SQLiteLedger, facts names: [String]) throws {
    folders = try ledger.folders()
    for folder in folders {
      records += try ledger.records(in: folder.id)
      intents += try ledger.intents(in: folder.id).map { FiledIntent(folder: folder.id, intent: $0) }
    }
    records.sort { $0.pair.id < $1.pair.id }
    setAside = try ledger.setAside(in: nil)
    limbo = try ledger.limbo(before: nil)
    for name in names { facts[name] = try ledger.fact(name) }
  }
}
