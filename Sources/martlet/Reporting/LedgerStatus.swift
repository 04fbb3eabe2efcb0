import Configuration
import Control
import Engine
import Glibc
import LedgerSQLite
import Mail
import Ports
import Reactor
import Reconciliation

/// The status without a daemon: what the ledgers know. Nothing is made where there is none.
@Loop
struct LedgerStatus {
  let program: ProgramContext

  init(_ program: ProgramContext) { self.program = program }

  func of(_ configuration: Configuration) -> StatusReport {
    StatusReport(daemon: nil, accounts: configuration.accounts.map { status(of: $0) })
  }

  private func status(of account: AccountConfiguration) -> AccountStatus {
    let home = program.paths.home
    var status = AccountStatus(
      name: account.name, local: StoreTitle.of(account.near, home: home),
      remote: StoreTitle.of(account.far, home: home),
      state: .offline)
    let directory = program.paths.accountDirectory(account.name)
    status.heldBy = AccountLock.holder(directory: directory)
    var file = stat()
    guard unsafe stat(directory + "/" + SQLiteLedger.fileName, &file) == 0 else {
      if errno != ENOENT { status.lastError = "\(printable(directory)): \(systemError(errno))" }
      return status
    }
    // Its owner has made it just now: whoever opens it is in the way there.
    guard file.st_size > 0 else { return status }
    do {
      let ledger = try SQLiteLedger(lookingInto: directory, checks: false)
      defer { ledger.close() }
      guard try ledger.isBegun() else { return status }
      status.folders = try folders(ledger)
      // As they are written, the later one is the greater one.
      status.lastSync = status.folders.compactMap(\.lastSync).max()
    } catch {
      status.lastError = error.text
    }
    return status
  }

  private func folders(_ ledger: SQLiteLedger) throws(LedgerError) -> [FolderStatus] {
    var statuses: [FolderStatus] = []
    for folder in try ledger.folders().sorted(by: { $0.names.far < $1.names.far }) {
      statuses.append(
        FolderStatus(
          name: printable("\(folder.names.far)"), localName: printable("\(folder.names.near)"),
          messages: try ledger.pairCount(in: folder.id), lastSync: folder.lastPass.map(Timestamp.text),
          setAside: try ledger.setAside(in: folder.id).map { SetAsideStatus($0) },
          held: try HeldMemory.held(in: folder, ledger).map { HeldDeletions($0) }))
    }
    return statuses
  }
}
