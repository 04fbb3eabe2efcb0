import GRDB
import Mail
import Ports

/// What is stored, as numbered migrations. One that was released is never edited: a new one is added below it.
///
/// Keys stand in columns without affinity: a UID as INTEGER, a Maildir name as TEXT, so that either kind of store can
/// be on either side. Keywords are separated by spaces, NULL where there are none. Sides in one column are 0 near,
/// 1 far.
/// Ids are never given out twice, so that an old one never means a newer row. The index of digests holds their first
/// four bytes: whole, it would be the largest part of what a first sync writes.
enum LedgerSchema {
  /// "mrtl": tells `file` and us whose file this is.
  static let applicationID = 0x6D72_746C

  /// Whether pages and rows hang together, as far as SQLite can tell without reading every index against its table.
  static func check(_ queue: DatabaseQueue, path: String) throws {
    try require(queue.inDatabase { db in try String.fetchOne(db, sql: "PRAGMA quick_check(1)") }, path)
  }

  /// That, and whether each index tells what its table does, and the tables are those that martlet makes. It takes five
  /// times as long: a second for 200,000 messages.
  @Loop
  static func checkThoroughly(_ queue: DatabaseQueue, path: String) throws {
    try require(queue.inDatabase { db in try String.fetchOne(db, sql: "PRAGMA integrity_check(1)") }, path)
    try require(queue.inDatabase { db in try hasOurTables(db) } ? "ok" : "its tables are not martlet's", path)
  }

  private static func require(_ finding: String?, _ path: String) throws {
    guard finding != "ok" else { return }
    throw LedgerError(
      "the ledger \(printable(path)) is not whole: \(printable(finding ?? "no answer")). \(LedgerFault.damaged(path))",
      .damage)
  }

  /// True also for one that has yet to be brought up to date.
  @Loop
  private static func hasOurTables(_ db: Database) throws -> Bool {
    let migrator = migrator()
    guard try migrator.hasCompletedMigrations(db) else { return true }
    let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"
    var ours: Set<String> = []
    let model = try KeptQueues.open(nil) { model in
      try migrator.migrate(model)
      ours = try model.inDatabase { try String.fetchSet($0, sql: sql) }
    }
    try model.close()
    return try ours.isSubset(of: String.fetchSet(db, sql: sql))
  }

  static func bringUpToDate(_ queue: DatabaseQueue, path: String) throws {
    try requireReadable(queue, path: path)
    try migrator().migrate(queue)
  }

  static func isBegun(_ db: Database) throws -> Bool {
    try Int.fetchOne(db, sql: "PRAGMA application_id") == applicationID
  }

  /// Throws for a file that is not a ledger, or one of a newer martlet.
  static func requireReadable(_ queue: DatabaseQueue, path: String) throws {
    let migrator = migrator()
    try queue.inDatabase { db in
      // The migrator's own table comes before any of ours; whoever is stopped in between leaves it alone there.
      let isEmpty =
        try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema WHERE tbl_name <> 'grdb_migrations'") == 0
      guard try isBegun(db) || isEmpty else {
        throw LedgerError("the ledger \(printable(path)) cannot be used. \(LedgerFault.damaged(path))", .needsPerson)
      }
      guard try !migrator.hasBeenSuperseded(db) else {
        throw LedgerError(
          """
          the ledger \(printable(path)) was written by a newer martlet. Run that one, or move the file and those \
          beside it that begin with its name away: both sides are then matched anew by content; no mail is deleted or \
          transferred twice for it.
          """, .needsPerson)
      }
    }
  }

  /// Writes the header as it is: something for a barrier to carry to the disk with all that lies before it in the log.
  static func touch(_ db: Database) throws {
    try db.execute(sql: "PRAGMA application_id = \(applicationID)")
  }

  private static func migrator() -> DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { db in
      try touch(db)
      try db.execute(sql: foldersAndPairs)
      try db.execute(sql: workInHand)
    }
    migrator.registerMigration("2") { db in
      // Kept for weeks, limbo may hold more than is worth having in memory.
      try db.execute(
        sql: """
          CREATE INDEX limbo_by_wire_size ON limbo (wire_size);
          CREATE INDEX limbo_by_time ON limbo (since);
          """)
    }
    migrator.registerMigration("3") { db in
      // What one program sends may be of one size, thousands of times; then the size alone finds them all.
      try db.execute(
        sql: """
          DROP INDEX pair_by_wire_size;
          DROP INDEX limbo_by_wire_size;
          CREATE INDEX pair_by_traits ON pair (wire_size, message_id);
          CREATE INDEX limbo_by_traits ON limbo (wire_size, message_id);
          """)
    }
    migrator.registerMigration("4") { db in
      // Of two like it, a step that was broken off has moved just this one.
      try db.execute(sql: "ALTER TABLE intent ADD COLUMN moved INTEGER")
    }
    migrator.registerMigration("5") { db in
      // Copies that came after it tell that a folder was renamed; older ones do not.
      try db.execute(sql: "ALTER TABLE folder ADD COLUMN last_pair INTEGER")
    }
    return migrator
  }

  private static let foldersAndPairs = """
    CREATE TABLE folder (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      near TEXT NOT NULL UNIQUE,
      far TEXT NOT NULL UNIQUE,
      near_checkpoint TEXT,
      far_checkpoint TEXT,
      last_pass INTEGER
    ) STRICT;

    CREATE TABLE pair (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      folder INTEGER NOT NULL REFERENCES folder ON DELETE CASCADE,
      near_key ANY NOT NULL,
      near_flags INTEGER NOT NULL,
      near_keywords TEXT,
      far_key ANY NOT NULL,
      far_flags INTEGER NOT NULL,
      far_keywords TEXT,
      digest BLOB NOT NULL,
      wire_size INTEGER NOT NULL,
      message_id ANY,
      date INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX pair_by_near_key ON pair (folder, near_key);
    CREATE UNIQUE INDEX pair_by_far_key ON pair (folder, far_key);
    CREATE INDEX pair_by_digest ON pair (substr(digest, 1, 4));
    CREATE INDEX pair_by_wire_size ON pair (wire_size);
    """

  private static let workInHand = """
    CREATE TABLE intent (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      folder INTEGER NOT NULL REFERENCES folder ON DELETE CASCADE,
      target INTEGER NOT NULL,
      source_key ANY NOT NULL,
      source_flags INTEGER NOT NULL,
      source_keywords TEXT,
      reserved_key ANY,
      uid_next INTEGER,
      digest BLOB,
      wire_size INTEGER,
      message_id ANY,
      date INTEGER
    ) STRICT;
    CREATE INDEX intent_by_folder ON intent (folder);

    CREATE TABLE set_aside (
      folder INTEGER NOT NULL REFERENCES folder ON DELETE CASCADE,
      side INTEGER NOT NULL,
      key ANY NOT NULL,
      reason TEXT NOT NULL,
      attempts INTEGER NOT NULL,
      retry_at INTEGER NOT NULL,
      PRIMARY KEY (folder, side, key)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE limbo (
      key ANY NOT NULL PRIMARY KEY,
      digest BLOB NOT NULL,
      wire_size INTEGER NOT NULL,
      message_id ANY,
      date INTEGER,
      since INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE fact (
      name TEXT NOT NULL PRIMARY KEY,
      value ANY NOT NULL
    ) STRICT, WITHOUT ROWID;
    """
}
