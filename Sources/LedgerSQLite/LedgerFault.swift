import GRDB
import Mail
import Ports

/// What SQLite says, told to a person: on which file, and what to do.
enum LedgerFault {
  static func error(_ error: any Error, path: String) -> LedgerError {
    if let error = error as? LedgerError { return error }
    guard let error = error as? DatabaseError else {
      return LedgerError("the ledger \(printable(path)) failed: \(printable(String(describing: error)))")
    }
    let reason = printable(error.message ?? error.resultCode.description)
    let kind: LedgerError.Kind =
      switch error.resultCode.primaryResultCode {
      case .SQLITE_CORRUPT, .SQLITE_NOTADB: .damage
      // No statement of martlet's names what there is not.
      case .SQLITE_ERROR where reason.hasPrefix("no such "): .damage
      case .SQLITE_BUSY, .SQLITE_LOCKED: .busy
      case .SQLITE_FULL: .full
      case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH, .SQLITE_IOERR: .needsPerson
      default: .fault
      }
    return LedgerError(
      "the ledger \(printable(path)) failed: \(reason). \(advice(error.resultCode, path: path))", kind)
  }

  /// True where what was to be recorded contradicts what is: that is another program's doing, or a damaged index's.
  static func isContradiction(_ error: any Error) -> Bool {
    (error as? DatabaseError)?.resultCode.primaryResultCode == .SQLITE_CONSTRAINT
  }

  /// The same words for a file that is no ledger and for one with a row that makes no sense.
  static func damaged(_ path: String) -> String {
    """
    It is damaged, or not martlet's. Move \(printable(path)) and the files beside it that begin with that name away \
    and start again: both sides are then matched anew by content; no mail is deleted or transferred twice for it. What \
    was deleted on one side only, and not yet on the other, comes back.
    """
  }

  private static func advice(_ code: ResultCode, path: String) -> String {
    switch code.primaryResultCode {
    case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_MISMATCH, .SQLITE_FORMAT: damaged(path)
    case .SQLITE_FULL: "The disk is full; nothing of the change was recorded, and it is tried again."
    case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
      "See that the file and its directory belong to you, and that the file system is writable."
    case .SQLITE_IOERR:
      "See that the disk works, and that neither a quota nor a limit on the size of files stands in the way."
    case .SQLITE_BUSY, .SQLITE_LOCKED: "Another program has it open; it is tried again."
    case .SQLITE_CONSTRAINT: "The change contradicts what is recorded; nothing of it was recorded."
    default: "Nothing of the change was recorded, and it is tried again."
    }
  }
}
