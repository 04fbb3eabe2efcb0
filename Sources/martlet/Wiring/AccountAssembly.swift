import Configuration
import Engine
import LedgerSQLite
import Logging
import Mail
import Maildir
import Ports
import Reconciliation

/// An account, put together: its lock, its ledger, its two stores, and the engine's context over them.
@Loop
final class AccountAssembly {
  let configuration: AccountConfiguration
  let context: AccountContext
  let reporter: AccountReporter
  /// Held until `close()`, whoever still holds on to this.
  private var lock: AccountLock?
  private let ledger: SQLiteLedger
  private let program: ProgramContext
  private let markers: RootMarkers

  /// Takes the account's lock and opens its ledger; nothing else is touched yet.
  init(
    _ configuration: AccountConfiguration, _ program: ProgramContext, for purpose: AccountReporter.Purpose,
    isDryRun: Bool = false
  ) throws(AssemblyError) {
    self.configuration = configuration
    self.program = program
    let directory = program.paths.accountDirectory(configuration.name)
    do {
      lock = try AccountLock(
        directory: directory, processID: program.processID,
        controlSocket: purpose == .daemon ? program.paths.controlSocket : nil)
    } catch {
      switch error {
      case .held: throw AssemblyError(.temporaryFailure, error.text)
      case .unusable(let error): throw AssemblyError(error)
      }
    }
    do {
      let opened = try LedgerRecovery(
        directory: directory, now: program.clock.wallTime.seconds, known: program.knownLedgers[directory])
      ledger = opened.ledger
      markers = RootMarkers(ledger, isDryRun: isDryRun)
      let stores = StoreAssembly(configuration, program)
      let sides = Sides(
        near: try markers.store(configuration.near, .near, stores),
        far: try markers.store(configuration.far, .far, stores))
      let log = program.log(account: configuration.name)
      reporter = AccountReporter(purpose, log: log, clock: program.clock)
      for case let maildir as MaildirStore in [sides.near, sides.far] {
        maildir.whenLettersAreUsedUp = { [weak reporter] in reporter?.tellLettersUsedUp(in: $0) }
        Self.tellNotFollowed(in: maildir, reporter)
      }
      if let damaged = opened.setAside {
        log.error(
          """
          the ledger was damaged and is now \(printable(damaged)); both sides are matched anew by content, and nothing is \
          deleted or transferred for it
          """)
      }
      context = AccountContext(
        name: configuration.name, stores: sides, ledger: ledger, clock: program.clock,
        mapping: FolderMapping(configuration.folders), deletionRules: DeletionRules(configuration.sync),
        observer: reporter)
    } catch {
      throw AssemblyError(error)
    }
    let deletions = DeletionLog(directory: directory)
    // What the reporter keeps must not keep the reporter: with it the stores would stay, and a Maildir's root open.
    _ = reporter.listen { [log = reporter.log] event in
      guard case .deleting(let notice) = event, let failure = deletions.write(notice) else { return }
      log.warning("\(failure)")
    }
    // Before the first pass of each session, and so before the base says anything of this root.
    _ = reporter.listen { [markers, log = reporter.log] event in
      guard case .phaseChanged(.syncing) = event else { return }
      if let failure = markers.record() { log.error("\(failure)") }
    }
  }

  /// Each once, to those who want to hear more: it is no problem.
  private static func tellNotFollowed(in maildir: MaildirStore, _ reporter: AccountReporter) {
    var told: Set<String> = []
    _ = reporter.listen { [weak maildir, log = reporter.log] event in
      guard case .passFinished = event, let links = maildir?.notFollowed.sorted(by: { $0.key < $1.key }) else { return }
      for (link, reason) in links where told.insert(link).inserted {
        log.info("the local \(printable(link)) is left out: \(reason)")
      }
    }
  }

  /// After the engine has let go of it. The account can be taken by another from then on.
  func close() {
    ledger.close()
    program.knownLedgers[program.paths.accountDirectory(configuration.name)] = ledger.leftAs
    lock = nil
  }
}

/// Why an account could not be put together.
struct AssemblyError: Error, Sendable {
  let status: ExitStatus
  /// In the words of the status.
  let cause: String
  let text: String
  /// True for what may be over in a moment.
  let isPassing: Bool

  init(_ status: ExitStatus, _ text: String) {
    self.status = status
    self.text = text
    cause = status == .temporaryFailure ? WaitCause.heldByAnother : WaitCause.failed
    isPassing = false
  }

  /// Of the account's ledger, or the directory that it is in.
  init(_ error: LedgerError) {
    status = ExitStatus(error.storeKind)
    cause = error.storeKind.cause
    text = error.text
    isPassing = error.kind == .busy
  }
}

extension FolderMapping {
  init(_ rules: FolderRules) {
    self.init(
      nearName: { far, remote in
        rules.verdict(remote: far, among: remote) == .included ? rules.localName(forRemote: far, among: remote) : nil
      },
      farName: { near, remote in
        rules.verdict(local: near, among: remote) == .included ? rules.remoteName(forLocal: near, among: remote) : nil
      },
      conflict: { far, remote in rules.conflict(remote: far, among: remote) })
  }
}
