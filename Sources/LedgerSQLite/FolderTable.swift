import GRDB
import Mail
import Ports
import Reconciliation

enum FolderTable {
  static func all(_ db: Database) throws -> [LedgerFolder] {
    let statement = try db.cachedStatement(
      sql: "SELECT id, near, far, near_checkpoint, far_checkpoint, last_pass, last_pair FROM folder ORDER BY id")
    let rows = try Row.fetchCursor(statement)
    var folders: [LedgerFolder] = []
    while let row = try rows.next() {
      folders.append(
        LedgerFolder(
          id: FolderID(rawValue: try row.value(0)), names: Sides(near: try name(row, 1), far: try name(row, 2)),
          checkpoints: Sides(near: try checkpoint(row, 3), far: try checkpoint(row, 4)), lastPass: try row.optional(5),
          lastPair: (try row.optional(6) as Int64?).map { PairID(rawValue: $0) }))
    }
    return folders
  }

  static func insert(_ names: Sides<FolderName>, _ db: Database) throws -> LedgerFolder {
    let statement = try db.cachedStatement(sql: "INSERT INTO folder (near, far) VALUES (?, ?)")
    try statement.execute(arguments: [names.near.description, names.far.description])
    return LedgerFolder(
      id: FolderID(rawValue: db.lastInsertedRowID), names: names, checkpoints: Sides(near: nil, far: nil),
      lastPass: nil)
  }

  static func delete(_ folder: FolderID, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: "DELETE FROM folder WHERE id = ?")
    try statement.execute(arguments: [folder.rawValue])
  }

  static func setCheckpoint(_ folder: FolderID, _ side: Side, _ checkpoint: Checkpoint?, _ db: Database) throws {
    let column = side == .near ? "near_checkpoint" : "far_checkpoint"
    let statement = try db.cachedStatement(
      sql: "UPDATE folder SET \(column) = ?1 WHERE id = ?2 AND \(column) IS NOT ?1")
    try statement.execute(arguments: [checkpoint.map(CheckpointText.text), folder.rawValue])
  }

  /// The newest pair is the last id that was given out: it may be no more.
  static func setLastPass(_ folder: FolderID, at time: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        UPDATE folder SET last_pass = ?1, last_pair = newest.id
        FROM (SELECT coalesce(max(seq), 0) AS id FROM sqlite_sequence WHERE name = 'pair') AS newest
        WHERE folder.id = ?2 AND (last_pass IS NOT ?1 OR last_pair IS NOT newest.id)
        """)
    try statement.execute(arguments: [time, folder.rawValue])
  }

  private static func name(_ row: Row, _ index: Int) throws -> FolderName {
    guard let name = FolderName(try row.value(index) as String) else { throw damaged("folder name", row, index) }
    return name
  }

  private static func checkpoint(_ row: Row, _ index: Int) throws -> Checkpoint? {
    try (row.optional(index) as String?).flatMap(CheckpointText.checkpoint)
  }
}
