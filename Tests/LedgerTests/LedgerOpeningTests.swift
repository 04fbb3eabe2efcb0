import Foundation
import GRDB
import Mail
import Ports
import Reactor
import Reconciliation
import Support
import Testing

@testable import LedgerSQLite

@Suite("Opening a ledger")
struct LedgerOpeningTests {
  /// The suite holds it, so that it is there until the test has ended.
  private let scratch: TemporaryDirectory

  init() throws { scratch = try TemporaryDirectory("ledger") }

  /// The text of the error with which opening ends.
  private static func refusal(_ directory: String) async throws -> String? {
    try await Reactor.onShared {
      do {
        try SQLiteLedger(directory: directory).close()
        return nil
      } catch let error as LedgerError {
        return error.text
      }
    }
  }

  @Test("directory and files are for their owner alone, also where they were open before (L12)")
  func modes() async throws {
    let directory = scratch.path + "/made/on/the/way"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    try await Reactor.onShared {
      let ledger = try SQLiteLedger(directory: directory)
      try ledger.setFact("a", to: "b")
      #expect(try scratch.mode(directory) == 0o700)
      for name in ["", "-wal", "-shm"] {
        #expect(try scratch.mode(directory + "/" + SQLiteLedger.fileName + name) == 0o600)
      }
      let second = try SQLiteLedger(directory: scratch.path + "/x/y")
      #expect(try scratch.mode(scratch.path + "/x") == 0o700)
      #expect(try scratch.mode(scratch.path + "/x/y") == 0o700)
      ledger.close()
      second.close()
    }
  }

  @Test("a ledger whose making was broken off is made (L5)")
  func unfinished() async throws {
    let queue = try DatabaseQueue(path: scratch.path + "/" + SQLiteLedger.fileName)
    // All that the migrator has written before it begins with the first migration.
    try await queue.write {
      try $0.execute(sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
    }
    try queue.close()
    #expect(try await Self.refusal(scratch.path) == nil)
  }

  @Test("a ledger of an older martlet is brought forward, with what it holds")
  func olderSchema() async throws {
    let path = scratch.path + "/" + SQLiteLedger.fileName
    let digest = try #require(MessageDigest(bytes: [UInt8](repeating: 1, count: 32)))
    let kept = LimboEntry(
      key: .file("a"), identity: MessageIdentity(digest: digest, wireSize: 7, messageID: "<a@b>"), date: nil, since: 5)
    try await Reactor.onShared {
      let ledger = try SQLiteLedger(directory: scratch.path)
      try ledger.commit([.addLimbo(kept)])
      ledger.close()
    }
    let queue = try DatabaseQueue(path: path)
    let indexes = "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'limbo_by_%'"
    try await queue.write {
      try $0.execute(
        sql: """
          DROP INDEX limbo_by_traits;
          DROP INDEX limbo_by_time;
          DROP INDEX pair_by_traits;
          CREATE INDEX pair_by_wire_size ON pair (wire_size);
          ALTER TABLE intent DROP COLUMN moved;
          ALTER TABLE folder DROP COLUMN last_pair;
          DELETE FROM grdb_migrations WHERE identifier > '1';
          """)
    }
    try await Reactor.onShared {
      let ledger = try SQLiteLedger(directory: scratch.path)
      #expect(try ledger.limbo(before: nil) == [kept])
      ledger.close()
    }
    #expect(try await queue.read { try Int.fetchOne($0, sql: indexes) } == 2)
    // Thousands of messages may be of one size.
    let plan = try await queue.read { db in
      try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN SELECT id FROM pair WHERE wire_size = 7 AND message_id = '<a@b>'")
        .map { $0["detail"] as String }
    }
    #expect(plan.contains { $0.contains("(wire_size=? AND message_id=?)") }, "\(plan)")
    try queue.close()
  }

  @Test("a ledger of a newer martlet is left alone, and the error names it")
  func newerSchema() async throws {
    #expect(try await Self.refusal(scratch.path) == nil)
    let path = scratch.path + "/" + SQLiteLedger.fileName
    let queue = try DatabaseQueue(path: path)
    try await queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('999')") }
    try queue.close()
    let text = try #require(try await Self.refusal(scratch.path))
    #expect(text.contains(path) && text.contains("newer martlet"))
  }

  @Test("what is not a ledger is named, with what to do", arguments: ["text", "foreign database", "directory"])
  func notALedger(kind: String) async throws {
    let path = scratch.path + "/" + SQLiteLedger.fileName
    switch kind {
    case "text": try Data(repeating: 65, count: 5000).write(to: URL(filePath: path))
    case "directory": try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    default:
      let queue = try DatabaseQueue(path: path)
      try await queue.write { try $0.execute(sql: "CREATE TABLE pair (id INTEGER)") }
      try queue.close()
    }
    let text = try #require(try await Self.refusal(scratch.path))
    #expect(text.contains(path))
    #expect(text.contains(kind == "directory" ? "belong to you" : "matched anew"))
  }

  @Test(
    "why it fails tells who can mend it: time, a person, or nobody",
    arguments: [
      (ResultCode.SQLITE_FULL, LedgerError.Kind.full), (.SQLITE_READONLY, .needsPerson),
      (.SQLITE_CANTOPEN, .needsPerson), (.SQLITE_PERM, .needsPerson), (.SQLITE_IOERR_WRITE, .needsPerson),
      (.SQLITE_BUSY, .busy), (.SQLITE_CORRUPT, .damage), (.SQLITE_MISUSE, .fault),
    ])
  func kinds(code: ResultCode, kind: LedgerError.Kind) {
    #expect(LedgerFault.error(DatabaseError(resultCode: code), path: "/p").kind == kind)
  }

  @Test("another program's database, and a place that cannot be written, are for a person to mend")
  func needsPerson() async throws {
    let queue = try DatabaseQueue(path: scratch.path + "/" + SQLiteLedger.fileName)
    try await queue.write { try $0.execute(sql: "CREATE TABLE theirs (id INTEGER)") }
    try queue.close()
    try Data().write(to: URL(filePath: scratch.path + "/file"))
    try await Reactor.onShared {
      for directory in [scratch.path, scratch.path + "/file/account"] {
        let error = #expect(throws: LedgerError.self) { try SQLiteLedger(directory: directory) }
        #expect(error?.kind == .needsPerson)
        #expect(error?.storeKind == .needsPerson)
      }
    }
  }

  @Test("a place that cannot be written is named")
  func unusablePlace() async throws {
    try Data().write(to: URL(filePath: scratch.path + "/file"))
    let text = try #require(try await Self.refusal(scratch.path + "/file/account"))
    #expect(text.contains(scratch.path + "/file") && text.contains("yours to write"))
    // A file system that refuses everybody, root too.
    let refused = try #require(try await Self.refusal("/proc/martlet/account"))
    #expect(refused.contains("/proc/martlet"))
  }

  @Test("a row that martlet never wrote is an error with the file's name, not a wrong answer (L8)")
  func damagedRow() async throws {
    let path = scratch.path + "/" + SQLiteLedger.fileName
    let folder = try await Reactor.onShared {
      let ledger = try SQLiteLedger(directory: scratch.path)
      defer { ledger.close() }
      return try ledger.addFolder(Sides(near: .inbox, far: .inbox)).id
    }
    let queue = try DatabaseQueue(path: path)
    try await queue.write { db in
      try db.execute(
        sql: """
          INSERT INTO pair (folder, near_key, near_flags, far_key, far_flags, digest, wire_size)
          VALUES (?, 'a', 0, 0, 0, zeroblob(32), 1)
          """, arguments: [folder.rawValue])
    }
    try queue.close()
    try await Reactor.onShared {
      let ledger = try SQLiteLedger(directory: scratch.path)
      let error = #expect(throws: LedgerError.self) { try ledger.pairs(in: folder) }
      #expect(error?.text.contains(path) == true && error?.text.contains("far_key") == true)
      ledger.close()
    }
  }

  @Test("a second opener sees what the first committed")
  func twoOpeners() async throws {
    try await Reactor.onShared {
      let first = try SQLiteLedger(directory: scratch.path)
      let second = try SQLiteLedger(directory: scratch.path)
      try first.setFact("a", to: "1")
      #expect(try second.fact("a") == "1")
      try second.setFact("a", to: "2")
      #expect(try first.fact("a") == "2")
      first.close()
      second.close()
    }
  }
}
