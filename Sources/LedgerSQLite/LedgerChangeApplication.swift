import GRDB
import Ports
import Reconciliation

extension LedgerChange {
  func apply(to db: Database) throws {
    switch self {
    case .addPair(let folder, let near, let far, let identity, let date):
      try PairTable.insert(folder, near: near, far: far, identity: identity, date: date, db)
    case .setFlags(let pair, let flags):
      try PairTable.setFlags(pair, flags, db)
    case .relocate(let pair, let folder, let near, let far):
      try PairTable.relocate(pair, to: folder, near: near, far: far, db)
    case .removePair(let pair):
      try PairTable.delete(pair, db)
    case .setCheckpoint(let folder, let side, let checkpoint):
      try FolderTable.setCheckpoint(folder, side, checkpoint, db)
    case .passCompleted(let folder, let time):
      try FolderTable.setLastPass(folder, at: time, db)
    case .addIntent(let folder, let draft):
      try IntentTable.insert(folder, draft, db)
    case .removeIntent(let intent):
      try IntentTable.delete(intent, db)
    case .setAside(let entry):
      try SetAsideTable.put(entry, db)
    case .clearSetAside(let folder, let side, let key):
      try SetAsideTable.delete(folder, side, key, db)
    case .addLimbo(let entry):
      try LimboTable.put(entry, db)
    case .removeLimbo(let key):
      try LimboTable.delete(key, db)
    }
  }
}
