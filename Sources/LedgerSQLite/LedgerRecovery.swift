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

  /// When the ledger was looked at thoroughly, in seconds since 1970; a day later it is again.
  private static let checked = "checked"
  private static let checkInterval: Int64 = 24 * 3600

  /// Whoever calls holds the account's lock. `now` is seconds since 1970. A file that is as this process left it (`known`)
  /// is not read whole to be checked once more: meanwhile all other accounts would wait.
  package init(directory: String, now: Int64, known: LedgerStamp? = nil) throws(LedgerError) {
    let isKnown = known.map { $0 == LedgerStamp(directory + "/" + SQLiteLedger.fileName) } ?? false
    do {
      ledger = try Self.open(directory, now: now, checks: !isKnown)
      setAside = nil
    } catch {
      guard error.isDamage else { throw error }
      setAside = try Self.setAside(directory + "/" + SQLiteLedger.fileName, now: now)
      ledger = try SQLiteLedger(directory: directory)
    }
  }

  private static func open(_ directory: String, now: Int64, checks: Bool) throws(LedgerError) -> SQLiteLedger {
    let ledger = try SQLiteLedger(directory: directory, checks: checks)
    guard checks else { return ledger }
    do {
      let last = try ledger.fact(checked).flatMap { Int64($0) } ?? 0
      guard !(last...(last + checkInterval)).contains(now) else { return ledger }
      try ledger.checkThoroughly()
      try ledger.setFact(checked, to: "\(now)")
      return ledger
    } catch {
      ledger.close()
      throw error
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
    defer { Suspicion(of: path).allay() }
    for suffix in ["-shm", "-wal", ""] {
      guard unsafe rename(path + suffix, target + suffix) == 0 || errno == ENOENT else {
        let reason = unsafe String(cString: strerror(errno))
        throw LedgerError("the ledger \(printable(path)) is damaged and cannot be set aside: \(reason)", .damage)
      }
    }
    return target
  }
}
