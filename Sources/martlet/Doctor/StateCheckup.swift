import Control
import Foundation
import Glibc
import LedgerSQLite
import Mail
import Ports

/// The account's state directory: who may look into it, and whether its ledger is whole.
@Loop
struct StateCheckup {
  private let checkup: AccountCheckup
  private var directory: String { checkup.directory }
  private var ledgerPath: String { directory + "/" + SQLiteLedger.fileName }

  init(_ checkup: AccountCheckup) { self.checkup = checkup }

  /// Whether a ledger can be written there, or, where the directory is yet to be made, in what is there above it.
  func place() -> [DoctorFinding] {
    var path = directory
    while unsafe access(path, F_OK) != 0, errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex
    {
      path = String(path[..<slash])
    }
    let shown = printable(path)
    if let refusal = FilePermissions.refusal(at: path) {
      return [
        .problem(
          .permissions, shown, "it cannot be read, written and searched: \(refusal). The ledger is to be kept there",
          "see that it is yours, and chmod u+rwx \(shown)")
      ]
    }
    return [FreeSpace(of: path)?.finding(shown)].compactMap(\.self)
  }

  func permissions() -> [DoctorFinding] {
    let paths = [directory] + names().map { directory + "/" + $0 }
    return paths.compactMap { path in
      guard let file = FilePermissions(of: path), file.isOpenToOthers || !file.isOurs else { return nil }
      let shown = printable(path)
      guard file.isOurs else {
        return .problem(
          .permissions, shown, "it belongs to another user",
          "give it back: chown -R \(getuid()) \(printable(directory))")
      }
      let finding = DoctorFinding.mendable(
        .permissions, shown, "others may look into it (\(file.modeText))",
        "chmod \(file.isDirectory ? "700" : "600") \(shown)")
      return checkup.isFixing ? FilePermissions.shut(finding, at: path) : finding
    }
  }

  /// Nil where there is none, or none that can be believed; says why.
  func ledger() -> LedgerView? {
    noteOldDamage()
    do {
      guard FilePermissions(of: ledgerPath) != nil, let view = try LedgerView(lookingInto: directory) else {
        if !checkup.hasLostLedger {
          checkup.report.findings.append(
            .note(.ledger, printable(directory), "never synced: there is no ledger yet", nil))
        }
        return nil
      }
      checkup.report.fine.append(
        "the ledger is whole: \(counted(view.folderCount, "folder")), \(counted(view.pairCount, "message"))")
      return view
    } catch {
      checkup.report.findings.append(error.isDamage ? setAside(error) : unusable(error))
      return nil
    }
  }

  private func unusable(_ error: LedgerError) -> DoctorFinding {
    .problem(.ledger, printable(ledgerPath), error.text, nil)
  }

  /// As a start of martlet would do it.
  private func setAside(_ error: LedgerError) -> DoctorFinding {
    let finding = DoctorFinding.mendable(
      .ledger, printable(ledgerPath), "the ledger is damaged",
      "set it aside: the next sync matches both sides anew by content, and deletes and transfers nothing for it")
    guard checkup.isFixing else { return finding }
    if let holder = checkup.holder { return finding.held("\(holder) works with it; stop that, and try again") }
    let lock: AccountLock
    do {
      lock = try AccountLock(directory: directory)
    } catch {
      if case .held = error { return finding.held(error.text) }
      return finding.failed(error.text)
    }
    defer { withExtendedLifetime(lock) {} }
    do {
      try LedgerRecovery(directory: directory, now: checkup.program.clock.wallTime.seconds).ledger.close()
    } catch {
      return finding.failed(error.text)
    }
    noteOldDamage()
    return finding.mended()
  }

  /// Ledgers that were set aside once: of no use to martlet.
  private func noteOldDamage() {
    let prefix = SQLiteLedger.fileName + ".damaged-"
    for name in names() where name.hasPrefix(prefix) && !name.hasSuffix("-wal") && !name.hasSuffix("-shm") {
      let path = printable(directory + "/" + name)
      guard !checkup.report.findings.contains(where: { $0.subject == path && $0.state == .note }) else { continue }
      checkup.report.findings.append(
        .note(.ledger, path, "a damaged ledger that was set aside", "remove it when nobody wants to look into it"))
    }
  }

  /// None where the directory is not there, or cannot be read.
  private func names() -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    } catch {
      return []
    }
  }
}
