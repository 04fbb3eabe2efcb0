package import Engine
import Mail
import Maildir
package import Ports
import Reconciliation
package import Support

/// A martlet process in a simulated world: the real stores, the real engine, wired as the program wires them.
@Loop
package final class Martlet {
  package enum Work: Sendable {
    /// `martlet run`.
    case run
    /// `martlet sync`.
    case sync(PassOptions)
  }

  package enum Ending: Sendable {
    case report(PassReport)
    case failed(StoreError)
    /// Told to stop.
    case stopped
  }

  package let number: Int32
  package let life: Lifeline
  /// Nil while it runs.
  package private(set) var ending: Ending?
  package private(set) var phase = AccountPhase.stopped
  /// How often it has begun to open both sides.
  package private(set) var connections = 0
  package let ledger: WorldLedger
  private let context: AccountContext
  private var runner: AccountRunner?
  private var task: Task<Void, Never>?
  private let site: Site
  private let tell: @Loop (AccountEvent) -> Void
  private let maildir: MaildirStore
  static let markerFact = "local root marker"
  static let markerPath = ".martlet/marker"

  /// `observe` is shown what it does to files, `tell` what it says of itself.
  package init(
    on site: Site, life: Lifeline, dice: Dice, vault: LedgerVault? = nil,
    observe: @escaping @Loop (FileAct) -> Void = { _ in }, tell: @escaping @Loop (AccountEvent) -> Void = { _ in }
  ) throws(LedgerError) {
    self.site = site
    self.life = life
    self.tell = tell
    number = site.nextProcess()
    var dice = dice
    ledger = try (vault ?? site.vault).open(life: life)
    let disk = site.disk
    let fileSystem = ObservedFileSystem(
      disk.fileSystem(root: Setting.root, life: life), on: disk, root: Setting.root, tell: observe)
    maildir = MaildirStore(
      title: "~/Mail", layout: site.setting.layout, fileSystem: fileSystem, clock: site.clock,
      names: UniqueNames(host: "martlet", processID: number, tag: dice.next()),
      expectedMarker: try ledger.fact(Self.markerFact),
      makeWatcher: { () throws(FileError) in try disk.watcher(root: Setting.root, life: life) })
    let observer = Observer()
    let jitter = Jitter(dice)
    context = AccountContext(
      name: "simulated", stores: Sides(near: maildir, far: Self.imap(site, life)), ledger: ledger, clock: site.clock,
      mapping: .identity, deletionRules: site.setting.deletionRules, jitter: { jitter.next() }, observer: observer)
    observer.process = self
  }

  private static func imap(_ site: Site, _ life: Lifeline) -> IMAPStore {
    let endpoint = HostEndpoint(host: Setting.host, port: 993, security: .implicitTLS)
    var settings = IMAPSettings(
      endpoint: .host(endpoint), user: site.server.profile.user,
      password: { () async throws(StoreError) in Secret(Setting.password) }, maxConnections: site.setting.maxConnections
    )
    if site.setting.isTraced { settings.trace = { [log = site.log] in log.note("trace \($0)") } }
    settings.notice = { [log = site.log] in log.note("notice \($0): \($1)") }
    return IMAPStore(settings: settings, dialer: site.network.dialer(life: life), clock: site.clock)
  }

  /// True while it holds the Maildir.
  package var isInSession: Bool {
    !life.isDead && (phase == .watching || phase == .syncing)
  }

  /// It knows another Maildir than the one there is, and its ledger need not yet.
  var findsAnotherMaildir: Bool {
    if case .waiting(let reason, .needsPerson, _) = phase { reason.contains("this is another Maildir") } else { false }
  }

  // MARK: Living

  package func start(_ work: Work) {
    site.log.note("martlet \(number): starts")
    task =
      switch work {
      case .run: startRunner()
      case .sync(let options): startSync(options)
      }
  }

  /// SIGTERM: it ends by itself, soon.
  package func stop() {
    task?.cancel()
  }

  /// SIGKILL; or what the kernel does at a power cut.
  package func kill() {
    site.log.note("martlet \(number): is killed")
    life.end()
    task?.cancel()
  }

  /// What its code still runs after it is dead ends, too.
  package func bury() { task?.cancel() }

  /// The machine woke, or its network changed.
  package func networkChanged() { runner?.networkChanged() }

  private func startRunner() -> Task<Void, Never> {
    let runner = AccountRunner(context: context)
    self.runner = runner
    return Loop.task {
      await runner.run()
      self.end(.stopped)
    }
  }

  private func startSync(_ options: PassOptions) -> Task<Void, Never> {
    Loop.task {
      do throws(StoreError) {
        self.end(.report(try await OneShot(context: self.context).run(options, names: nil).report))
      } catch {
        self.end(Task.isCancelled ? .stopped : .failed(error))
      }
    }
  }

  private func end(_ ending: Ending) {
    self.ending = ending
    guard !life.isDead else { return }
    site.log.note("martlet \(number): ends")
    ledger.close()
    life.end()
  }

  private func hear(_ event: AccountEvent) {
    if case .phaseChanged(let phase) = event {
      self.phase = phase
      if phase == .connecting { connections += 1 }
      if phase == .syncing { recordMarker() }
    }
    for problem in Self.problems(in: event) {
      let subject = [problem.folder.map { "\($0)" }, problem.message].compactMap { $0 }.joined(separator: " ")
      site.log.note("martlet \(number): \(subject): \(problem.reason)")
    }
    tell(event)
  }

  private static func problems(in event: AccountEvent) -> [PassReport.Problem] {
    switch event {
    case .problem(let problem): [problem]
    case .folderSynced(_, let report): report.problems
    default: []
    }
  }

  /// As `RootMarkers` of the program does, and when.
  private func recordMarker() {
    maildir.rely()
    do {
      guard let marker = maildir.marker, try ledger.fact(Self.markerFact) != marker else { return }
      try ledger.setFact(Self.markerFact, to: marker)
    } catch {
      // A dead process's ledger; what else fails, the pass says.
      site.log.note("martlet \(number): cannot remember the marker")
    }
  }

  @Loop
  private final class Observer: AccountObserver {
    weak var process: Martlet?
    func account(_ name: String, _ event: AccountEvent) { process?.hear(event) }
  }

  @Loop
  private final class Jitter {
    private var dice: Dice
    init(_ dice: Dice) { self.dice = dice }
    func next() -> Double { Double(dice.below(1000)) / 1000 }
  }
}
