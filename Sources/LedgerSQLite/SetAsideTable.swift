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

  static func all(in folder: FolderID?, _ db: Database) throws -> [SetAside] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT folder, side, key, reason, attempts, retry_at FROM set_aside
        WHERE ?1 IS NULL OR folder = ?1 ORDER BY folder, side, key
        """)
    let rows = try Row.fetchCursor(statement, arguments: [folder?.rawValue])
    var entries: [SetAside] = []
    while let row = try rows.next() {
      entries.append(
        SetAside(
          folder: FolderID(rawValue: try row.value(0)), side: try SideColumn.side(row, 1),
          key: try KeyColumn.key(row, 2),
          reason: try row.value(3), attempts: try row.value(4), retryAt: try row.value(5)))
    }
    return entries
  }
}
