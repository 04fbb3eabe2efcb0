import Configuration
import Control
import Disk
import Glibc
import Mail
import Maildir
import Ports
import Reactor
import Reconciliation

/// A Maildir of the account: its root and marker, its folders, and what others left in it.
@Loop
struct MaildirCheckup {
  private let checkup: AccountCheckup
  private let maildir: MaildirConfiguration
  private let side: Side
  private let files: DiskFileSystem
  private let title: String

  init(_ checkup: AccountCheckup, _ maildir: MaildirConfiguration, _ side: Side) {
    self.checkup = checkup
    self.maildir = maildir
    self.side = side
    files = DiskFileSystem(root: maildir.path)
    title = StoreTitle.of(maildir, home: checkup.program.paths.home)
  }

  func run() async {
    checkup.rootCount += 1
    let expected = checkup.ledger?.marker(side)
    if expected == nil, let refusal = RootPlace.refusal(at: maildir.path) {
      return add(
        .problem(.root, title, "there can be no Maildir: \(refusal)", RootPlace.remedy(checkup.account, side)))
    }
    let isThere = unsafe access(maildir.path, F_OK) == 0
    guard expected != nil || isThere else {
      return add(.note(.root, title, "not there yet, made at the first sync"))
    }
    checkPermissions()
    checkup.report.findings += [FreeSpace(of: maildir.path)?.finding(title)].compactMap(\.self)
    let store = StoreAssembly(checkup.account, checkup.program).maildir(
      maildir, expectedMarker: expected, isLookedAtOnly: true)
    do throws(StoreError) {
      try await store.open()
    } catch {
      add(.problem(.root, title, words(of: error), nil))
      await store.close()
      return
    }
    await examine(store)
    await store.close()
  }

  private func checkPermissions() {
    // What it means that it is not there the marker tells.
    if let refusal = FilePermissions.refusal(at: maildir.path) {
      add(
        .problem(
          .root, title, "it cannot be read and written: \(refusal)",
          "see that the directory is yours: ls -ld \(title)"))
    }
    guard let root = FilePermissions(of: maildir.path), root.mode & 0o007 != 0 else { return }
    add(
      .note(
        .permissions, title, "everybody on this machine may look into the Maildir (\(root.modeText))",
        "if that is not meant: chmod o-rwx \(title)"))
  }

  private func examine(_ store: MaildirStore) async {
    do throws(StoreError) {
      // Only looking takes no lock away from anybody, not even for a moment.
      let isAlone = checkup.holder == nil && (!checkup.isFixing || isFree(store))
      let examination = try await store.examine(
        known: checkup.ledger?.names(on: side) ?? [], isAlone: isAlone, knownKeys: knownFiles,
        serverKeywords: serverKeywords, isBeingWritten: { files.isBeingWritten($0) },
        refusal: { FilePermissions.refusal(at: maildir.path + "/" + $0) })
      checkup.watchCount += examination.watchCount
      if examination.findings.isEmpty {
        checkup.report.fine.append("\(title): \(counted(examination.folderCount, "folder")), nothing left over")
      }
      for finding in examination.findings { add(await treated(finding, store)) }
    } catch {
      add(.problem(.root, title, words(of: error), nil))
    }
  }

  private func treated(_ found: MaildirFinding, _ store: MaildirStore) async -> DoctorFinding {
    let finding = found.inWords(below: title)
    guard checkup.isFixing, found.isMendable else { return finding }
    do throws(StoreError) {
      // What others gave up, and directories that are missing, are nobody's; our own drafts may be another martlet's.
      if case .leftover(let leftover) = found, !leftover.isGivenUp { try store.takeAlone() }
      try await store.mend(found) { files.isBeingWritten($0) }
      return finding.mended()
    } catch {
      return error.kind == .held ? finding.held(error.text) : finding.failed(error.text)
    }
  }

  /// True where no other martlet has the Maildir open.
  private func isFree(_ store: MaildirStore) -> Bool {
    do {
      try store.takeAlone()
      store.letGo()
      return true
    } catch {
      return false
    }
  }

  private func knownFiles(in folder: FolderName) throws(StoreError) -> Set<String> {
    try known { ledger throws(LedgerError) in try ledger.fileNames(in: folder, on: side) }
  }

  private func serverKeywords(in folder: FolderName) throws(StoreError) -> Set<Keyword> {
    try known { ledger throws(LedgerError) in try ledger.keywordsBeyond(folder, on: side) }
  }

  private func known<Element>(
    _ body: (LedgerView) throws(LedgerError) -> Set<Element>
  ) throws(StoreError) -> Set<Element> {
    do {
      return try checkup.ledger.map(body) ?? []
    } catch {
      throw StoreError(.account, error.storeKind, error.text)
    }
  }

  /// Without the name of the place, which is the finding's subject.
  private func words(of error: StoreError) -> String {
    error.text.hasPrefix(title + ": ") ? String(error.text.dropFirst(title.count + 2)) : error.text
  }

  private func add(_ finding: DoctorFinding) { checkup.report.findings.append(finding) }
}
