import GRDBSQLite
import Glibc

/// A glance into a ledger for whoever must have no thread yet: a connection of GRDB's starts some.
package enum LedgerGlance {
  /// False where there is no ledger, or it lacks the fact; true where it has it, or cannot be read.
  package static func mayKnow(_ fact: String, in directory: String) -> Bool {
    let path = directory + "/" + SQLiteLedger.fileName
    guard unsafe access(path, F_OK) == 0 else { return false }
    var connection: OpaquePointer?
    defer { unsafe sqlite3_close(connection) }
    guard unsafe sqlite3_open_v2(path, &connection, SQLITE_OPEN_READONLY, nil) == SQLITE_OK else { return true }
    var statement: OpaquePointer?
    defer { unsafe sqlite3_finalize(statement) }
    switch unsafe sqlite3_prepare_v2(connection, "SELECT 1 FROM fact WHERE name = ?1", -1, &statement, nil) {
    case SQLITE_OK: break
    // A start was broken off before there was a table.
    case SQLITE_ERROR: return false
    default: return true
    }
    return unsafe fact.withCString { name in
      // Without a destructor: the text outlives the statement's only step.
      guard unsafe sqlite3_bind_text(statement, 1, name, -1, nil) == SQLITE_OK else { return true }
      return unsafe sqlite3_step(statement) != SQLITE_DONE
    }
  }
}
