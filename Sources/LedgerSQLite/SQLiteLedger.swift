// LedgerSQLite keeps what both sides of an account last agreed on in one SQLite file. It knows the Ports and nothing of
// stores. Read this file first, then LedgerSchema (what is stored) and PairTable (the bulk of it).

import GRDB
package import Mail
package import Ports
package import Reconciliation

/// The ledger in `ledger.sqlite` of an account's state directory.
///
/// One connection, used synchronously on the loop. In WAL mode with `synchronous=NORMAL` a commit is a write without a
/// barrier: process death loses nothing, a power cut may lose the last commits in order, never a part of one.
/// `commitDurably` and `setFact` raise that to `FULL` for their transaction: the log is synced, and with it all that went
/// before.
///
/// Two changes are refused, with the whole batch: a second pair with a key that its folder already has on that side,
/// and anything in a folder that is not there. A change to a pair, intent or entry that is no more changes nothing.
@Loop
package final class SQLiteLedger: Ledger {
  package nonisolated static let fileName = "ledger.sqlite"

  private let path: String
  /// Nil once closed.
  private var queue: DatabaseQueue?
  /// True while a commit without barrier may still be lost by a power cut.
  private var hasUnsyncedCommit = false
  private var hasShownDamage = false
  /// Once closed: the file as it was left, where it was whole as far as anything has shown.
  package private(set) var leftAs: LedgerStamp?

  /// Makes the directory (0700) and the file (0600) where they are missing, brings an older schema up to date, and looks
  /// whether the file is whole; what is damaged is an error that says so.
  ///
  /// `checks` is false where the file is known to be as it was left.
  package init(directory: String, checks: Bool = true) throws(LedgerError) {
    try StateDirectory.prepare(directory)
    path = directory + "/" + Self.fileName
    try StateDirectory.prepareFile(path)
    do {
      queue = try KeptQueues.open(path, Self.configuration()) { [path] queue in
        if checks { try LedgerSchema.check(queue, path: path) }
        try LedgerSchema.bringUpToDate(queue, path: path)
        if Suspicion(of: path).isThere { try Self.allaySuspicion(queue, path: path) }
      }
    } catch {
      throw LedgerFault.error(error, path: path)
    }
  }

  /// For whoever looks into a ledger that may be another process's at this moment: makes nothing, changes nothing, not
  /// even the schema, and looks whether the file is whole.
  ///
  /// `checks` is false where reading the whole file is not worth a glance at it.
  package init(lookingInto directory: String, checks: Bool = true) throws(LedgerError) {
    path = directory + "/" + Self.fileName
    do {
      var configuration = GRDB.Configuration()
      configuration.label = "ledger"
      configuration.readonly = true
      configuration.busyMode = .timeout(1)
      queue = try KeptQueues.open(path, configuration) { [path] queue in
        try LedgerSchema.requireReadable(queue, path: path)
        if checks { try LedgerSchema.checkThoroughly(queue, path: path) }
      }
    } catch {
      throw LedgerFault.error(error, path: path)
    }
  }

  /// Whether each index tells what its table does, too. Damage is an error that says so.
  package func checkThoroughly() throws(LedgerError) {
    do {
      try Self.allaySuspicion(connection(), path: path)
    } catch {
      throw fault(error)
    }
  }

  private static func allaySuspicion(_ queue: DatabaseQueue, path: String) throws {
    try LedgerSchema.checkThoroughly(queue, path: path)
    Suspicion(of: path).allay()
  }

  /// False for a file that its owner has made just now, and put nothing into yet.
  package func isBegun() throws(LedgerError) -> Bool { try read { db in try LedgerSchema.isBegun(db) } }

  // MARK: Folders

  package func folders() throws(LedgerError) -> [LedgerFolder] {
    try read { db in try FolderTable.all(db) }
  }

  package func addFolder(_ names: Sides<FolderName>) throws(LedgerError) -> LedgerFolder {
    try write { db in try FolderTable.insert(names, db) }
  }

  package func removeFolder(_ id: FolderID) throws(LedgerError) {
    try write { db in try FolderTable.delete(id, db) }
  }

  package func removePairs(in folder: FolderID, limit: Int) throws(LedgerError) -> Bool {
    try write { db in try PairTable.delete(in: folder, limit: limit, db) > 0 }
  }

  // MARK: Pairs

  package func pairs(in folder: FolderID) throws(LedgerError) -> [Pair] {
    try read { db in try PairTable.pairs(in: folder, db) }
  }

  package func pairs(
    in folder: FolderID, side: Side, keys: some Collection<MessageKey>
  ) throws(LedgerError) -> [Pair] {
    try read { db in try PairTable.pairs(in: folder, side: side, keys: keys, db) }
  }

  package func uids(in folder: FolderID, side: Side, from uid: UID) throws(LedgerError) -> [UID] {
    try read { db in try PairTable.uids(in: folder, side: side, from: uid, db) }
  }

  package func pairCount(in folder: FolderID) throws(LedgerError) -> Int {
    try read { db in try PairTable.count(in: folder, db) }
  }

  package func record(of pair: PairID) throws(LedgerError) -> PairRecord? {
    try read { db in try PairTable.records(db, where: "id = ?", [pair.rawValue.databaseValue]).first }
  }

  package func records(digest: MessageDigest) throws(LedgerError) -> [PairRecord] {
    try read { db in
      // The index holds the first bytes only.
      try PairTable.records(
        db, where: "substr(digest, 1, 4) = substr(?1, 1, 4) AND digest = ?1", [DigestColumn.value(digest)])
    }
  }

  package func records(wireSize: Int, messageID: String?) throws(LedgerError) -> [PairRecord] {
    try read { db in
      guard let messageID else {
        return try PairTable.records(db, where: "wire_size = ?", [wireSize.databaseValue])
      }
      return try PairTable.records(
        db, where: "wire_size = ? AND message_id = ?", [wireSize.databaseValue, TextColumn.value(messageID)])
    }
  }

  package func records(in folder: FolderID) throws(LedgerError) -> [PairRecord] {
    try read { db in try PairTable.records(db, where: "folder = ?", [folder.rawValue.databaseValue]) }
  }

  package func records(
    in folder: FolderID, behind key: MessageKey?, limit: Int
  ) throws(LedgerError) -> [PairRecord] {
    try read { db in try PairTable.records(in: folder, behind: key, limit: limit, db) }
  }

  // MARK: Commits

  package func commit(_ changes: [LedgerChange]) throws(LedgerError) {
    guard !changes.isEmpty else { return }
    try write { db in try Self.apply(changes, to: db) }
  }

  package func commitDurably(_ changes: [LedgerChange]) throws(LedgerError) {
    guard !changes.isEmpty || hasUnsyncedCommit else { return }
    try writeDurably { db in try Self.apply(changes, to: db) }
  }

  private static func apply(_ changes: [LedgerChange], to db: Database) throws {
    let relocated = changes.compactMap { if case .relocate(let pair, _, _, _) = $0 { pair } else { nil } }
    if relocated.count > 1 { for pair in relocated { try PairTable.park(pair, db) } }
    for change in changes { try change.apply(to: db) }
  }

  // MARK: Intents, set-aside messages, limbo, facts

  package func intents(in folder: FolderID) throws(LedgerError) -> [Intent] {
    try read { db in try IntentTable.all(in: folder, db) }
  }

  package func setAside(in folder: FolderID?) throws(LedgerError) -> [SetAside] {
    try read { db in try SetAsideTable.all(in: folder, db) }
  }

  package func setAside(
    in folder: FolderID, side: Side, keys: some Collection<MessageKey>
  ) throws(LedgerError) -> [SetAside] {
    try read { db in try SetAsideTable.entries(in: folder, side: side, keys: keys, db) }
  }

  package func limbo(before seconds: Int64?) throws(LedgerError) -> [LimboEntry] {
    try read { db in try LimboTable.entries(db, where: "since < ?", [(seconds ?? .max).databaseValue]) }
  }

  package func limbo(wireSize: Int, messageID: String) throws(LedgerError) -> [LimboEntry] {
    try read { db in
      try LimboTable.entries(
        db, where: "wire_size = ? AND message_id = ?", [wireSize.databaseValue, TextColumn.value(messageID)])
    }
  }

  package func fact(_ name: String) throws(LedgerError) -> String? {
    try read { db in try FactTable.value(of: name, db) }
  }

  package func setFact(_ name: String, to value: String?) throws(LedgerError) {
    try writeDurably { db in try FactTable.set(name, to: value, db) }
  }

  /// Syncs what is not yet synced and empties the log. Every later call throws.
  package func close() {
    guard let queue else { return }
    self.queue = nil
    do {
      try queue.close()
    } catch {
      // The connection then ends with the process; a log left behind is read at the next start.
      return
    }
    leftAs = hasShownDamage ? nil : LedgerStamp(path)
  }

  // MARK: -

  private func connection() throws -> DatabaseQueue {
    guard let queue else { throw LedgerError("the ledger \(printable(path)) is closed") }
    return queue
  }

  private func fault(_ error: any Error) -> LedgerError {
    let fault = LedgerFault.error(error, path: path)
    guard fault.isDamage || LedgerFault.isContradiction(error) else { return fault }
    hasShownDamage = true
    Suspicion(of: path).raise()
    return fault
  }

  private func read<Value>(_ body: (Database) throws -> Value) throws(LedgerError) -> Value {
    do {
      return try connection().inDatabase(body)
    } catch {
      throw fault(error)
    }
  }

  /// One transaction. Where `body` changes nothing, nothing reaches the disk.
  private func write<Value>(_ body: (Database) throws -> Value) throws(LedgerError) -> Value {
    do {
      let (value, hasChanged) = try connection().inDatabase { db in
        let before = db.totalChangesCount
        var value: Value?
        try db.inTransaction(.immediate) {
          value = try body(db)
          return .commit
        }
        guard let value else { throw LedgerError("the transaction did not run") }
        return (value, db.totalChangesCount != before)
      }
      if hasChanged { hasUnsyncedCommit = true }
      return value
    } catch {
      throw fault(error)
    }
  }

  /// The same, on disk when it returns.
  private func writeDurably(_ body: (Database) throws -> Void) throws(LedgerError) {
    let hasUnsyncedCommit = hasUnsyncedCommit
    do {
      try connection().inDatabase { db in
        // Not inside the transaction, where SQLite ignores it.
        try db.execute(sql: "PRAGMA synchronous = FULL")
        defer { Self.lowerBarrier(db) }
        try db.inTransaction(.immediate) {
          let before = db.totalChangesCount
          try body(db)
          if db.totalChangesCount == before, hasUnsyncedCommit { try LedgerSchema.touch(db) }
          return .commit
        }
      }
    } catch {
      throw fault(error)
    }
    self.hasUnsyncedCommit = false
  }

  private nonisolated static func lowerBarrier(_ db: Database) {
    do {
      try db.execute(sql: "PRAGMA synchronous = NORMAL")
    } catch {
      // The connection then stays at FULL: slower, and as safe.
      return
    }
  }

  private static func configuration() -> GRDB.Configuration {
    var configuration = GRDB.Configuration()
    configuration.label = "ledger"
    configuration.journalMode = .wal
    // The account's lock keeps other writers out; this is for a person's sqlite3 that has the file open.
    configuration.busyMode = .timeout(1)
    // Pages in the log before it is folded into the file: 16 MB. Half the barriers of SQLite's 1,000 in a first sync.
    // Temporary tables stay in memory: a confined process has no place of its own for them, and SQLite's are small.
    // 1 MiB of pages, half of what SQLite would hold: a daemon holds them for good, and the kernel has them, too.
    configuration.prepareDatabase { db in
      try db.execute(
        sql: "PRAGMA wal_autocheckpoint = 4000; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1024")
    }
    return configuration
  }
}
