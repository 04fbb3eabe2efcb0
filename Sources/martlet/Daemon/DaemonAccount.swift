import Configuration
import Control
import Engine
import Mail
import Ports

/// An account that the daemon keeps in sync.
@Loop
final class DaemonAccount {
  let name: String
  let configuration: AccountConfiguration
  let reporter: AccountReporter
  private let assembly: AccountAssembly
  private let runner: AccountRunner
  private let clock: any LoopClock
  private var life: Task<Void, Never>?

  init(_ configuration: AccountConfiguration, _ program: ProgramContext) throws(AssemblyError) {
    name = configuration.name
    self.configuration = configuration
    assembly = try AccountAssembly(configuration, program, for: .daemon)
    reporter = assembly.reporter
    clock = program.clock
    runner = AccountRunner(context: assembly.context)
    reporter.snapshot = { [weak runner] in runner?.snapshot() }
  }

  func start() {
    guard life == nil else { return }
    life = Loop.task { [runner] in await runner.run() }
  }

  /// Returns when nothing of the account runs any more and its lock is free.
  func stop() async {
    life?.cancel()
    await life?.value
    assembly.close()
  }

  func networkChanged() { runner.networkChanged() }
  func syncNow() { runner.syncNow() }

  func status() -> AccountStatus {
    var status = AccountStatus(runner.snapshot(), retryAt: reporter.retryAt)
    status.progress = reporter.progress.map { SyncProgress(account: name, $0) }
    return status
  }

  /// A full pass that somebody waits for. An account that waits for its next try is tried now.
  func sync(
    _ options: PassOptions, folders: Set<FolderName>?, tell: @escaping @Loop (SyncProgress) -> Void
  ) async -> AccountSyncReport {
    let start = clock.now
    let name = name
    let listener = reporter.listen { event in
      if case .progress(let progress) = event { tell(SyncProgress(account: name, progress)) }
    }
    defer { reporter.removeListener(listener) }
    await leaveWaiting()
    do {
      let answer = try await runner.fullPass(options, names: folders)
      return AccountSyncReport(name: name, seconds: seconds(since: start), answer)
    } catch {
      return AccountSyncReport(name: name, seconds: seconds(since: start), failed: ExitStatus(error), error.text)
    }
  }

  /// At once instead of later, where it waits for its next try.
  func retryIfWaiting() {
    if case .waiting = reporter.phase { runner.syncNow() }
  }

  private func leaveWaiting() async {
    guard case .waiting = reporter.phase else { return }
    let change = reporter.nextPhase()
    runner.syncNow()
    await change.wait()
  }

  private func seconds(since start: LoopInstant) -> Double { start.duration(to: clock.now) / .seconds(1) }
}
