import Foundation
import GRDB
import Mail
import Ports
import Reconciliation

/// The pairs: rows by the hundred thousand, so statements are prepared once and rows read from a cursor.
enum PairTable {
  private static let sightingColumns = """
    id, near_key, near_flags, near_keywords, far_key, far_flags, far_keywords
    """

  static func insert(
    _ folder: FolderID, near: Sighting, far: Sighting, identity: MessageIdentity, date: InternalDate?, _ db: Database
  ) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO pair (folder, near_key, near_flags, near_keywords, far_key, far_flags, far_keywords,
          digest, wire_size, message_id, date) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    statement.setUncheckedArguments(
      StatementArguments(
        [folder.rawValue.databaseValue] + values(near) + values(far) + IdentityColumns.values(identity)
          + [DateColumn.value(date)]))
    try statement.execute()
  }

  static func setFlags(_ pair: PairID, _ flags: Sides<FlagSet>, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        UPDATE pair SET near_flags = ?1, near_keywords = ?2, far_flags = ?3, far_keywords = ?4
        WHERE id = ?5 AND (near_flags, near_keywords, far_flags, far_keywords) IS NOT (?1, ?2, ?3, ?4)
        """)
    statement.setUncheckedArguments([
      FlagColumns.system(flags.near), FlagColumns.keywords(flags.near), FlagColumns.system(flags.far),
      FlagColumns.keywords(flags.far), pair.rawValue,
    ])
    try statement.execute()
  }

  static func relocate(
    _ pair: PairID, to folder: FolderID, near: Sighting, far: Sighting, _ db: Database
  ) throws {
    let statement = try db.cachedStatement(
      sql: """
        UPDATE pair SET folder = ?1, near_key = ?2, near_flags = ?3, near_keywords = ?4,
          far_key = ?5, far_flags = ?6, far_keywords = ?7
        WHERE id = ?8 AND (folder, near_key, near_flags, near_keywords, far_key, far_flags, far_keywords)
          IS NOT (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        """)
    statement.setUncheckedArguments(
      StatementArguments(
        [folder.rawValue.databaseValue] + values(near) + values(far) + [pair.rawValue.databaseValue]))
    try statement.execute()
  }

  /// Frees the pair's keys until it is relocated: among several, one may take the key that another still holds.
  static func park(_ pair: PairID, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: "UPDATE pair SET near_key = ?1, far_key = ?1 WHERE id = ?2")
    // Of a type that no key has.
    statement.setUncheckedArguments([Data("parked \(pair.rawValue)".utf8), pair.rawValue])
    try statement.execute()
  }

  static func delete(_ pair: PairID, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: "DELETE FROM pair WHERE id = ?")
    statement.setUncheckedArguments([pair.rawValue])
    try statement.execute()
  }

  /// Answers how many it deleted.
  static func delete(in folder: FolderID, limit: Int, _ db: Database) throws -> Int {
    let statement = try db.cachedStatement(
      sql: "DELETE FROM pair WHERE id IN (SELECT id FROM pair WHERE folder = ? LIMIT ?)")
    try statement.execute(arguments: [folder.rawValue, limit])
    return db.changesCount
  }

  static func pairs(in folder: FolderID, _ db: Database) throws -> [Pair] {
    // The index of the far side is nearly in the order of ids where that is a server. Ordering is done here: SQLite
    // would copy every row into a temporary table first.
    let statement = try db.cachedStatement(
      sql: "SELECT \(sightingColumns) FROM pair INDEXED BY pair_by_far_key WHERE folder = ?")
    var pairs: [Pair] = []
    try read(statement, [folder.rawValue], into: &pairs)
    pairs.sort { $0.id < $1.id }
    return pairs
  }

  static func pairs(
    in folder: FolderID, side: Side, keys: some Collection<MessageKey>, _ db: Database
  ) throws -> [Pair] {
    let column = side == .near ? "near_key" : "far_key"
    var pairs: [Pair] = []
    for portion in KeyPortion.portions(of: keys) {
      let statement = try db.cachedStatement(
        sql: "SELECT \(sightingColumns) FROM pair WHERE folder = ? AND \(column) IN (\(portion.marks))")
      try read(statement, StatementArguments([folder.rawValue.databaseValue] + portion.values), into: &pairs)
    }
    pairs.sort { $0.id < $1.id }
    return pairs
  }

  static func uids(in folder: FolderID, side: Side, from uid: UID, _ db: Database) throws -> [UID] {
    let column = side == .near ? "near_key" : "far_key"
    // Names sort behind numbers, and blobs behind these.
    let statement = try db.cachedStatement(
      sql: "SELECT \(column) FROM pair WHERE folder = ? AND \(column) >= ? AND \(column) <= 4294967295")
    let keys = try UInt32.fetchAll(statement, arguments: [folder.rawValue, Int64(uid.rawValue)])
    return keys.compactMap(UID.init(rawValue:))
  }

  static func count(in folder: FolderID, _ db: Database) throws -> Int {
    let statement = try db.cachedStatement(sql: "SELECT count(*) FROM pair WHERE folder = ?")
    return try Int.fetchOne(statement, arguments: [folder.rawValue]) ?? 0
  }

  /// Ordered by id. `condition` is one of ours, never text from outside.
  static func records(
    _ db: Database, where condition: String, _ arguments: [DatabaseValue]
  ) throws -> [PairRecord] {
    try selected(db, where: condition, arguments).sorted { $0.pair.id < $1.pair.id }
  }

  /// Ordered as the index of the near side is, which finds each portion at once.
  static func records(
    in folder: FolderID, behind key: MessageKey?, limit: Int, _ db: Database
  ) throws -> [PairRecord] {
    let folder = folder.rawValue.databaseValue
    let order = "ORDER BY near_key LIMIT \(limit)"
    guard let key else { return try selected(db, where: "folder = ? \(order)", [folder]) }
    return try selected(db, where: "folder = ? AND near_key > ? \(order)", [folder, KeyColumn.value(key)])
  }

  private static func selected(
    _ db: Database, where condition: String, _ arguments: [DatabaseValue]
  ) throws -> [PairRecord] {
    let statement = try db.cachedStatement(
      sql: "SELECT \(sightingColumns), folder, digest, wire_size, message_id, date FROM pair WHERE \(condition)")
    let rows = try Row.fetchCursor(statement, arguments: StatementArguments(arguments))
    var records: [PairRecord] = []
    while let row = try rows.next() {
      records.append(
        PairRecord(
          folder: FolderID(rawValue: try row.value(7)), pair: try pair(row),
          identity: try IdentityColumns.identity(row, 8), date: try DateColumn.date(row, 11)))
    }
    return records
  }

  private static func values(_ sighting: Sighting) -> [DatabaseValue] {
    [KeyColumn.value(sighting.key), FlagColumns.system(sighting.flags), FlagColumns.keywords(sighting.flags)]
  }

  private static func read(
    _ statement: Statement, _ arguments: StatementArguments, into pairs: inout [Pair]
  ) throws {
    let rows = try Row.fetchCursor(statement, arguments: arguments)
    while let row = try rows.next() { pairs.append(try pair(row)) }
  }

  /// From the first columns, as `sightingColumns` has them.
  private static func pair(_ row: Row) throws -> Pair {
    Pair(
      id: PairID(rawValue: try row.value(0)),
      near: Sighting(key: try KeyColumn.key(row, 1), flags: try FlagColumns.flags(row, 2)),
      far: Sighting(key: try KeyColumn.key(row, 4), flags: try FlagColumns.flags(row, 5)))
  }
}
