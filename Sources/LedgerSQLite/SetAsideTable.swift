import GRDB
import Mail
import Ports
import Reconciliation

enum SetAsideTable {
  /// In place of what was recorded of the same message before.
  static func put(_ entry: SetAside, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO set_aside (folder, side, key, reason, attempts, retry_at) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET (reason, attempts, retry_at) = (excluded.reason, excluded.attempts, excluded.retry_at)
        WHERE (reason, attempts, retry_at) IS NOT (excluded.reason, excluded.attempts, excluded.retry_at)
        """)
    try statement.execute(arguments: [
      entry.folder.rawValue, SideColumn.value(entry.side), KeyColumn.value(entry.key), entry.reason, entry.attempts,
      entry.retryAt,
    ])
  }

  static func delete(_ folder: FolderID, _ side: Side, _ key: MessageKey, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: "DELETE FROM set_aside WHERE folder = ? AND side = ? AND key = ?")
    try statement.execute(arguments: [folder.rawValue, SideColumn.value(side), KeyColumn.value(key)])
  }

  private static let columns = "folder, side, key, reason, attempts, retry_at"

  static func all(in folder: FolderID?, _ db: Database) throws -> [SetAside] {
    let statement = try db.cachedStatement(
      sql: "SELECT \(columns) FROM set_aside WHERE ?1 IS NULL OR folder = ?1 ORDER BY folder, side, key")
    var entries: [SetAside] = []
    try read(statement, [folder?.rawValue], into: &entries)
    return entries
  }

  static func entries(
    in folder: FolderID, side: Side, keys: some Collection<MessageKey>, _ db: Database
  ) throws -> [SetAside] {
    let place = [folder.rawValue.databaseValue, SideColumn.value(side)]
    // Mostly there are none, and a first sync asks for each of its messages.
    let anything = try db.cachedStatement(sql: "SELECT 1 FROM set_aside WHERE folder = ? AND side = ? LIMIT 1")
    guard try Int.fetchOne(anything, arguments: StatementArguments(place)) != nil else { return [] }
    var entries: [SetAside] = []
    for portion in KeyPortion.portions(of: keys) {
      let statement = try db.cachedStatement(
        sql: "SELECT \(columns) FROM set_aside WHERE folder = ? AND side = ? AND key IN (\(portion.marks))")
      try read(statement, StatementArguments(place + portion.values), into: &entries)
    }
    return entries
  }

  private static func read(
    _ statement: Statement, _ arguments: StatementArguments, into entries: inout [SetAside]
  ) throws {
    let rows = try Row.fetchCursor(statement, arguments: arguments)
    while let row = try rows.next() {
      entries.append(
        SetAside(
          folder: FolderID(rawValue: try row.value(0)), side: try SideColumn.side(row, 1),
          key: try KeyColumn.key(row, 2),
          reason: try row.value(3), attempts: try row.value(4), retryAt: try row.value(5)))
    }
  }
}
