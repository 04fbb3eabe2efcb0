import GRDB
import Mail
import Ports
import Reconciliation

enum IntentTable {
  static func insert(_ folder: FolderID, _ draft: IntentDraft, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO intent (folder, target, source_key, source_flags, source_keywords, reserved_key, uid_next,
          digest, wire_size, message_id, date, moved) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    let source: [DatabaseValue] = [
      folder.rawValue.databaseValue, SideColumn.value(draft.target), KeyColumn.value(draft.source.key),
      FlagColumns.system(draft.source.flags), FlagColumns.keywords(draft.source.flags),
    ]
    let arrival: [DatabaseValue] = [
      draft.reserved.map(KeyColumn.value) ?? .null, draft.uidNext.map { KeyColumn.value(.uid($0)) } ?? .null,
    ]
    let identity = draft.identity.map(IdentityColumns.values) ?? [.null, .null, .null]
    let rest = [DateColumn.value(draft.date), draft.moved?.rawValue.databaseValue ?? .null]
    statement.setUncheckedArguments(StatementArguments(source + arrival + identity + rest))
    try statement.execute()
  }

  static func delete(_ intent: IntentID, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: "DELETE FROM intent WHERE id = ?")
    try statement.execute(arguments: [intent.rawValue])
  }

  static func all(in folder: FolderID, _ db: Database) throws -> [Intent] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT id, target, source_key, source_flags, source_keywords, reserved_key, uid_next,
          digest, wire_size, message_id, date, moved FROM intent WHERE folder = ? ORDER BY id
        """)
    let rows = try Row.fetchCursor(statement, arguments: [folder.rawValue])
    var intents: [Intent] = []
    while let row = try rows.next() {
      intents.append(Intent(id: IntentID(rawValue: try row.value(0)), draft: try draft(row)))
    }
    return intents
  }

  private static func draft(_ row: Row) throws -> IntentDraft {
    IntentDraft(
      target: try SideColumn.side(row, 1),
      source: Sighting(key: try KeyColumn.key(row, 2), flags: try FlagColumns.flags(row, 3)),
      reserved: row.hasNull(atIndex: 5) ? nil : try KeyColumn.key(row, 5),
      uidNext: row.hasNull(atIndex: 6) ? nil : try KeyColumn.key(row, 6).uid,
      identity: row.hasNull(atIndex: 7) ? nil : try IdentityColumns.identity(row, 7),
      date: try DateColumn.date(row, 10),
      moved: row.hasNull(atIndex: 11) ? nil : PairID(rawValue: try row.value(11)))
  }
}
