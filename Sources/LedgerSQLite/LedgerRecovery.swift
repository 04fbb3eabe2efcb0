import Glibc
import Mail
package import Ports

/// Opens an account's ledger also where what lies there is damaged: that is set aside, whole, and a new one begun. Both
/// sides are then matched by identity, which takes time, no transfer and no mail (laws L3, L8).
@Loop
package struct LedgerRecovery {
  package let ledger: SQLiteLedger
  /// Where the damaged file lies now; nil where there was none.
  package let setAside: String?

  /// Whoever calls holds the account's lock. `now` is seconds since 1970, for the name. A file that is as this process
  /// left it (`known`) is not read whole to be checked once more: meanwhile all other accounts would wait.
  package init(directory: String, now: Int64, known: LedgerStamp? = nil) throws(LedgerError) {
    let isKnown = known.map { $0 == LedgerStamp(directory + "/" + SQLiteLedger.fileName) } ?? false
    do {
      ledger = try SQLiteLedger(directory: directory, checks: !isKnown)
      setAside = nil
    } catch {
      guard error.isDamage else { throw error }
      setAside = try Self.setAside(directory + "/" + SQLiteLedger.fileName, now: now)
      ledger = try SQLiteLedger(directory: directory)
    }
  }

  /// With the log beside it, without which a part of it would be missing. The main file goes last: as long as it is
  /// there, a start that was broken off here finds the damage again.
  private static func setAside(_ path: String, now: Int64) throws(LedgerError) -> String {
    var target = "\(path).damaged-\(now)"
    var count = 1
    while unsafe access(target, F_OK) == 0 {
      count += 1
      target = "\(path).damaged-\(now)-\(count)"
    }
    for suffix in ["-shm", "-wal", ""] {
      guard unsafe rename(path + suffix, target + suffix) == 0 || errno == ENOENT else {
        let reason = unsafe String(cString: strerror(errno))
        throw LedgerError("the ledger \(printable(path)) is damaged and cannot be set aside: \(reason)", isDamage: true)
      }
    }
    return target
  }
}
