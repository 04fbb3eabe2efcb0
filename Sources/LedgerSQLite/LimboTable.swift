import GRDB
import Mail
import Ports

enum LimboTable {
  /// In place of an entry with the same key.
  static func put(_ entry: LimboEntry, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO limbo (key, digest, wire_size, message_id, date, since) VALUES (?, ?, ?, ?, ?, ?)
        """)
    statement.setUncheckedArguments(
      StatementArguments(
        [KeyColumn.value(entry.key)] + IdentityColumns.values(entry.identity)
          + [DateColumn.value(entry.date), entry.since.databaseValue]))
    try statement.execute()
  }

  static func delete(_ key: MessageKey, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: "DELETE FROM limbo WHERE key = ?")
    try statement.execute(arguments: [KeyColumn.value(key)])
  }

  /// Oldest first.
  static func entries(
    _ db: Database, where condition: String, _ values: [DatabaseValue]
  ) throws -> [LimboEntry] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT key, digest, wire_size, message_id, date, since FROM limbo WHERE \(condition) ORDER BY since, key
        """)
    statement.setUncheckedArguments(StatementArguments(values))
    let rows = try Row.fetchCursor(statement)
    var entries: [LimboEntry] = []
    while let row = try rows.next() {
      entries.append(
        LimboEntry(
          key: try KeyColumn.key(row, 0), identity: try IdentityColumns.identity(row, 1),
          date: try DateColumn.date(row, 4), since: try row.value(5)))
    }
    return entries
  }
}
