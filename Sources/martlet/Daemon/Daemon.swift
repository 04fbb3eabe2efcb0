import CLinux
import Configuration
import Control
import Engine
import Glibc
import Logging
import Mail
import Ports
import Reactor
import Transport

/// `martlet run`: keeps the accounts in sync until it is told to stop.
@Loop
final class Daemon {
  private let program: ProgramContext
  /// Accounts named on the command line; empty for all.
  private let names: [String]
  private let board = StatusBoard()
  private let notifier: ServiceNotifier
  private let roster: AccountRoster
  private let trial: ConfigurationTrial
  /// True from the start until everything runs, and while it is read again.
  private var isReadingConfiguration = true
  /// It may have changed after it was read.
  private var mustReadAgain = false
  private let ending = Occasion()
  /// Another process is to go on where this one ends.
  private var startsAnew = false

  init(_ program: ProgramContext, names: [String]) {
    self.program = program
    self.names = names
    notifier = ServiceNotifier(program)
    trial = ConfigurationTrial(program, names: names)
    let board = board
    roster = AccountRoster(program) { board.change() }
    roster.onSetback = { [weak self] in self?.lookAtPlaces() }
  }

  func run() async -> ExitStatus {
    // Before anything else: until there is a watch, either signal would end the process.
    program.signals.on(.hangUp) { [weak self] in self?.hangUp() }
    program.signals.on(.user1) { [weak self] in self?.syncNow() }
    // Its side threads have little to keep: heaps of their own would be holes for the most part.
    clinux_use_one_heap()
    guard let configuration = program.loadConfiguration() else { return .configuration }
    guard let accounts = AccountChoice(configuration, program).choose(names) else { return .usage }
    program.privilege.confine(to: accounts, mayMake: true, alsoRunning: [trial.command])
    DescriptorLimit.raise()
    if let failure = roster.prepare(accounts) { return failure }
    let listener: UnixListener?
    do {
      listener = try listen()
    } catch {
      program.log.error("\(error.text)")
      return error.status
    }
    await serve(listener)
    return .success
  }

  // MARK: Running

  private func serve(_ listener: UnixListener?) async {
    let network = NetworkMonitor(program.reactor) { [roster] in
      for account in roster.accounts { account.networkChanged() }
    }
    let suspend = SuspendMonitor(program.reactor) { [roster] _ in
      for account in roster.accounts { account.networkChanged() }
    }
    // Most of the program's code is run at the start and at a change; waiting needs little of it. Its pages stay in the
    // page cache while memory is free; they only stop counting as ours.
    // A daemon that is never at rest gives back each minute what it has freed.
    let quiet = QuietWatch(program.reactor, after: .milliseconds(500), busyAfter: 120) {
      clinux_trim_memory()
      clinux_release_code()
    } onBusy: {
      clinux_trim_memory()
    }
    await withDiscardingTaskGroup { group in
      if let listener {
        let desk = ControlDesk(
          accounts: { [roster] in roster.accounts },
          outages: { [roster, home = program.paths.home] in roster.outages.values.map { AccountStatus($0, home: home) }
          },
          board: board, processID: program.processID)
        group.addTask { [clock = program.clock] in await ControlServer(listener, desk, clock: clock).run() }
      }
      group.addTask { await self.keepStatusLine() }
      group.addTask { [clock = program.clock] in await self.roster.keepRetrying(clock) }
      roster.start()
      notifier.ready()
      isReadingConfiguration = false
      if mustReadAgain { hangUp() }
      await ending.wait()
      if !startsAnew {
        program.log.notice("stopping")
        notifier.stopping()
      }
      group.cancelAll()
      await roster.stop()
    }
    withExtendedLifetime((network, suspend, quiet)) {}
  }

  /// The status line for the service manager; at most one a second.
  private func keepStatusLine() async {
    var known = 0
    repeat {
      notifier.status(
        StatusLine.text(
          roster.accounts.map { ($0.name, $0.reporter) }, outages: roster.outages.mapValues(\.error.cause)))
      known = await board.change(since: known)
    } while await program.clock.passes(.seconds(1))
  }

  private func syncNow() {
    program.log.notice("syncing everything now, as asked by SIGUSR1")
    roster.retryOutages()
    for account in roster.accounts { account.syncNow() }
  }

  private func hangUp() {
    guard !isReadingConfiguration else {
      mustReadAgain = true
      return
    }
    isReadingConfiguration = true
    Loop.task { await self.reload() }
  }

  private func reload() async {
    notifier.reloading()
    repeat {
      mustReadAgain = false
      program.log.notice("reading the configuration again")
      await readAgain()
      // The one that takes our place reads it, and tells when it is ready; one that stops is not ready any more.
      if startsAnew || roster.isStopped { return }
    } while mustReadAgain
    isReadingConfiguration = false
    notifier.ready()
  }

  private func readAgain() async {
    let configuration: Configuration
    do {
      configuration = try Configuration.load(program.paths)
    } catch {
      return await failToRead(error)
    }
    guard let accounts = AccountChoice(configuration, program).choose(names) else {
      program.log.error("the accounts stay as they were")
      return
    }
    guard program.privilege.suffices(for: accounts) else {
      return startAnew(because: "the configuration needs more than this process was given")
    }
    await roster.change(to: accounts)
    // What kept them may have been mended where the configuration says nothing of it: in a password's file, say.
    for account in roster.accounts { account.retryIfWaiting() }
  }

  /// The configuration is wrong, or was put in another one's place, where only another process can read it.
  private func failToRead(_ error: ConfigurationErrors) async {
    if program.privilege.confinement != nil, error.errors.contains(where: \.isForbidden) {
      if await trial.succeeds() { return startAnew(because: "the configuration was put in another one's place") }
    } else {
      program.errors.tell(error)
    }
    program.log.error("the configuration stays as it was")
  }

  /// A confined process cannot be given more: another takes its place, and all accounts begin anew.
  private func startAnew(because reason: String) {
    guard !startsAnew else { return }
    startsAnew = true
    program.log.notice("\(reason); starting anew")
    program.privilege.startAnew()
    ending.come()
  }

  /// An account does not get on: perhaps because a name leads elsewhere by now.
  private func lookAtPlaces() {
    guard !program.privilege.isCurrent else { return }
    do {
      _ = try Configuration.load(program.paths)
    } catch {
      // Another process would end at once, and we with it. A person is told at SIGHUP, and now of the account.
      return
    }
    startAnew(because: "a configured directory or file was put in another one's place")
  }

  // MARK: The control socket

  /// Nil where another martlet, for other accounts, has it.
  private func listen() throws(AssemblyError) -> UnixListener? {
    do {
      return try UnixListener(program.reactor, path: program.paths.controlSocket)
    } catch {
      switch error {
      case .unusable(let text): throw AssemblyError(.incomplete, text)
      case .taken(let path):
        program.log.warning(
          "another martlet listens on \(printable(path)): status and sync will not reach this one")
        return nil
      }
    }
  }
}
