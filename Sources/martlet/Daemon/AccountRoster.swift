import Configuration
import Control
import Engine
import Logging
import Mail
import Ports

/// The accounts that the daemon runs, and those that it was asked for and cannot run at the moment.
@Loop
final class AccountRoster {
  /// An account whose lock or ledger could not be had is tried again this often; sooner where another program has the
  /// ledger to itself for a moment.
  static let retryInterval: Duration = .seconds(300)

  struct Outage {
    let configuration: AccountConfiguration
    let error: AssemblyError
  }

  private let program: ProgramContext
  private let onEvent: @Loop () -> Void
  /// Whenever an account could not go on and waits for its next try, or makes it: names may lead elsewhere by now.
  var onSetback: @Loop () -> Void = {}
  private var running: [String: DaemonAccount] = [:]
  /// Not to run any more, and not at rest yet.
  private var leaving: [DaemonAccount] = []
  /// From then on no account is opened or started.
  private(set) var isStopped = false
  private(set) var outages: [String: Outage] = [:] {
    didSet {
      if outages.values.contains(where: { !$0.error.isPassing }) { retrying.isNeeded() }
      if outages.values.contains(where: \.error.isPassing) { retryingSoon.isNeeded() } else { backoff.reset() }
    }
  }
  private let retrying = Retrying { AccountRoster.retryInterval }
  private lazy var retryingSoon = Retrying { [unowned self] in
    backoff.next(.connection, jitter: .random(in: 0..<1))
  }
  private var backoff = Backoff()

  init(_ program: ProgramContext, onEvent: @escaping @Loop () -> Void) {
    self.program = program
    self.onEvent = onEvent
  }

  var accounts: [DaemonAccount] { running.values.sorted { $0.name < $1.name } }

  /// Locks and opens all; nothing is started. Where none can be opened, and waiting will not do, the answer is why; one
  /// that can keeps the others waiting for nothing (law L11).
  func prepare(_ configurations: [AccountConfiguration]) -> ExitStatus? {
    for configuration in configurations { open(configuration) }
    if !running.isEmpty || outages.values.contains(where: \.error.isPassing) { return nil }
    return outages.values.map(\.error.status).max() ?? .software
  }

  func start() {
    for account in running.values { account.start() }
  }

  /// Tries again what could not be opened.
  func retryOutages(where isMeant: (Outage) -> Bool = { _ in true }) {
    for (name, outage) in outages where isMeant(outage) {
      guard open(outage.configuration) else { continue }
      program.log(account: name).notice("recovered")
      running[name]?.start()
    }
  }

  /// Tries again now and then what could not be opened, until cancelled; sleeps while there is nothing of the kind.
  func keepRetrying(_ clock: any LoopClock) async {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.keepRetrying(self.retrying, clock) { !$0.error.isPassing } }
      group.addTask { await self.keepRetrying(self.retryingSoon, clock, where: \.error.isPassing) }
    }
  }

  private func keepRetrying(
    _ retrying: Retrying, _ clock: any LoopClock, where isMeant: @Loop (Outage) -> Bool
  ) async {
    await retrying.run(clock) { [self] in
      retryOutages(where: isMeant)
      return outages.values.contains(where: isMeant)
    }
  }

  /// Starts what is new, stops what is gone, restarts what is another now; leaves alone what is as it was.
  func change(to configurations: [AccountConfiguration]) async {
    let wanted = Dictionary(configurations.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    outages.removeAll()
    for account in accounts {
      if let now = wanted[account.name], now == account.configuration { continue }
      program.log(account: account.name).notice(wanted[account.name] == nil ? "no longer configured" : "changed")
      running[account.name] = nil
      leaving.append(account)
      await account.stop()
      leaving.removeAll { $0 === account }
      if isStopped { return }
    }
    for configuration in configurations where running[configuration.name] == nil {
      open(configuration)
      running[configuration.name]?.start()
    }
    onEvent()
  }

  func stop() async {
    isStopped = true
    let accounts = accounts + leaving
    await withDiscardingTaskGroup { group in
      for account in accounts { group.addTask { await account.stop() } }
    }
  }

  @discardableResult
  private func open(_ configuration: AccountConfiguration) -> Bool {
    guard !isStopped else { return false }
    let name = configuration.name
    do {
      let account = try DaemonAccount(configuration, program)
      _ = account.reporter.listen { [onEvent, weak self] event in
        onEvent()
        if case .phaseChanged(let phase) = event, phase.isSetback { self?.onSetback() }
      }
      running[name] = account
      outages[name] = nil
      return true
    } catch {
      if outages[name]?.error.text != error.text { program.log(account: name).error("\(error.text)") }
      outages[name] = Outage(configuration: configuration, error: error)
      return false
    }
  }
}

extension AccountStatus {
  init(_ outage: AccountRoster.Outage, home: String?) {
    self.init(
      name: outage.configuration.name, local: StoreTitle.of(outage.configuration.near, home: home),
      remote: StoreTitle.of(outage.configuration.far, home: home), state: .waiting, cause: outage.error.cause,
      lastError: outage.error.text)
  }
}
