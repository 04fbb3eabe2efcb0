import Glibc
import LedgerSQLite
import Mail
package import Ports
import Reconciliation
package import Support

/// An account's state directory, which outlives processes: the real ledger in a real SQLite file, and what a power cut
/// would leave of it.
///
/// Promises what `Ports/Ledger.swift` does: the death of a process loses nothing that returned; a power cut loses some of
/// the last transactions, in order, and never one that came before a durable one. For that, every change is kept as the
/// call it was, and the calls that survive are made anew in a fresh file: so it is SQLite that gives the answers.
@Loop
package final class LedgerVault {
  /// A change as it was asked for.
  enum Change {
    case addFolder(Sides<FolderName>)
    case removeFolder(FolderID)
    case removePairs(FolderID, limit: Int)
    case commit([LedgerChange])
    case setFact(String, String?)
  }

  let directory: String
  private let log: EventLog
  private(set) var changes: [Change] = []
  /// How many of them no power cut takes.
  private var durableCount = 0
  private(set) var ledger: SQLiteLedger
  private var isHeld = false

  /// `directory` need not be there, and is this vault's alone.
  package init(directory: String, log: EventLog) throws(LedgerError) {
    self.directory = directory
    self.log = log
    ledger = try Self.fresh(directory)
  }

  /// The ledger as a new process opens it. Processes come one after another, as the account's lock has it.
  package func open(life: Lifeline) throws(LedgerError) -> WorldLedger {
    WorldLedger(self, life)
  }

  /// For checkers: what is recorded at this moment.
  package var current: any Ledger { ledger }

  // MARK: Changing

  func note(_ change: Change, isDurable: Bool = false) {
    changes.append(change)
    if isDurable { durableCount = changes.count }
  }

  /// An orderly close syncs.
  func closed() { durableCount = changes.count }

  // MARK: Trouble

  /// What a power cut leaves: all that is durable, and as much of the rest as the dice will have.
  package func cut(dice: inout Dice) throws(LedgerError) {
    let kept = durableCount + dice.below(changes.count - durableCount + 1)
    log.note("ledger: a power cut takes \(changes.count - kept) of \(changes.count) changes")
    try keep(kept)
  }

  /// The state directory is gone.
  package func lose() throws(LedgerError) {
    log.note("ledger: lost")
    try keep(0)
  }

  private func keep(_ count: Int) throws(LedgerError) {
    guard count < changes.count else {
      durableCount = count
      return
    }
    changes.removeLast(changes.count - count)
    durableCount = count
    destroy()
    ledger = try Self.fresh(directory)
    for change in changes { try Self.make(change, ledger) }
  }

  /// Everything that it took on the disk of the machine that simulates.
  package func destroy() {
    ledger.close()
    for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
      _ = unsafe unlink(directory + "/" + name)
    }
    _ = unsafe rmdir(directory)
  }

  private static func make(_ change: Change, _ ledger: SQLiteLedger) throws(LedgerError) {
    switch change {
    case .addFolder(let names): _ = try ledger.addFolder(names)
    case .removeFolder(let id): try ledger.removeFolder(id)
    case .removePairs(let folder, let limit): _ = try ledger.removePairs(in: folder, limit: limit)
    case .commit(let changes): try ledger.commit(changes)
    case .setFact(let name, let value): try ledger.setFact(name, to: value)
    }
  }

  // MARK: A fresh file

  /// A file with today's schema and nothing in it: to make it costs more than all that a short world does to it.
  private static var template: [UInt8]?

  private static func fresh(_ directory: String) throws(LedgerError) -> SQLiteLedger {
    if let template {
      try StateDirectory.prepare(directory)
      try write(template, to: directory + "/" + SQLiteLedger.fileName)
      return try SQLiteLedger(directory: directory)
    }
    let ledger = try SQLiteLedger(directory: directory)
    ledger.close()
    template = try read(directory + "/" + SQLiteLedger.fileName)
    return try SQLiteLedger(directory: directory)
  }

  private static func write(_ bytes: [UInt8], to path: String) throws(LedgerError) {
    let descriptor = unsafe Glibc.open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw LedgerError("cannot make \(path)") }
    defer { close(descriptor) }
    guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
      throw LedgerError("cannot write \(path)")
    }
  }

  private static func read(_ path: String) throws(LedgerError) -> [UInt8] {
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw LedgerError("cannot read \(path)") }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = unsafe Glibc.read(descriptor, &bytes, bytes.count)
    guard count > 0, count < bytes.count else { throw LedgerError("cannot read \(path)") }
    return Array(bytes[..<count])
  }
}
