import GRDB

enum FactTable {
  static func value(of name: String, _ db: Database) throws -> String? {
    let statement = try db.cachedStatement(sql: "SELECT value FROM fact WHERE name = ?")
    let rows = try Row.fetchCursor(statement, arguments: [name])
    return try rows.next().flatMap { try TextColumn.text($0, 0) }
  }

  /// Nil forgets it.
  static func set(_ name: String, to value: String?, _ db: Database) throws {
    guard let value else {
      return try db.cachedStatement(sql: "DELETE FROM fact WHERE name = ?").execute(arguments: [name])
    }
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO fact (name, value) VALUES (?, ?)
        ON CONFLICT DO UPDATE SET value = excluded.value WHERE value IS NOT excluded.value
        """)
    try statement.execute(arguments: [name, TextColumn.value(value)])
  }
}
