import Configuration
import Control
import Engine
import Mail
import Ports
import Transport

/// A sync as `martlet sync` makes it: by the daemon as far as it runs the accounts, the others here.
@Loop
struct SyncRun {
  let program: ProgramContext
  let configuration: Configuration
  let request: SyncRequest
  let display: ProgressDisplay

  func run() async -> SyncReport {
    var rest = request
    var reports: [AccountSyncReport] = []
    if let answered = await runByDaemon() {
      reports = answered.accounts
      let left = Set(answered.notRunHere ?? [])
      rest.accounts.removeAll { !left.contains($0.name) }
    }
    if !rest.accounts.isEmpty {
      let names = Set(rest.accounts.map(\.name))
      program.privilege.confine(
        to: configuration.accounts.filter { names.contains($0.name) }, mayMake: !request.dryRun)
      reports += await runHere(rest)
    }
    let order = request.accounts.map(\.name)
    reports.sort { order.firstIndex(of: $0.name) ?? 0 < order.firstIndex(of: $1.name) ?? 0 }
    return SyncReport(dryRun: request.dryRun, accounts: reports)
  }

  // MARK: By the daemon

  /// Nil where no daemon answers.
  private func runByDaemon() async -> SyncReport? {
    guard let client = await DaemonConnection.openSoon(program) else { return nil }
    defer { client.close() }
    let watchdog = DaemonWatchdog(program)
    let guarding = Loop.task { await watchdog.run { client.close() } }
    defer { guarding.cancel() }
    let result = await withTaskCancellationHandler {
      await Result { () async throws(ControlError) in
        try await client.sync(request) {
          watchdog.hasHeard()
          display.update($0)
        }
      }
    } onCancel: {
      Loop.task { client.close() }
    }
    switch result {
    case .success(.success(let report)): return report
    case .success(.failure(let refusal)):
      return failed(ExitStatus(rawValue: refusal.exitCode) ?? .software, refusal.text)
    case .failure where watchdog.failure != nil: return failed(.temporaryFailure, watchdog.failure ?? "")
    // The daemon stopped meanwhile, or is of another release: the next sync is made by nobody else or by its successor.
    case .failure(let error): return failed(.temporaryFailure, error.text + "; try again")
    }
  }

  private func failed(_ status: ExitStatus, _ reason: String) -> SyncReport {
    SyncReport(
      dryRun: request.dryRun,
      accounts: request.accounts.map { AccountSyncReport(name: $0.name, seconds: 0, failed: status, reason) })
  }

  // MARK: Here

  private func runHere(_ request: SyncRequest) async -> [AccountSyncReport] {
    await withTaskGroup(of: AccountSyncReport?.self) { group in
      for account in request.accounts { group.addTask { await self.run(account) } }
      var reports: [AccountSyncReport] = []
      for await report in group {
        if let report { reports.append(report) }
      }
      return reports
    }
  }

  private func run(_ account: SyncRequest.Account) async -> AccountSyncReport? {
    guard let configuration = configuration.accounts.first(where: { $0.name == account.name }) else { return nil }
    let start = program.clock.now
    func seconds() -> Double { start.duration(to: program.clock.now) / .seconds(1) }
    if let refusal = RootPlace.refusal(for: configuration, program) {
      return AccountSyncReport(name: account.name, seconds: seconds(), failed: .incomplete, refusal)
    }
    do throws(AssemblyError) {
      let assembly = try AccountAssembly(configuration, program, for: .oneShot, isDryRun: request.dryRun)
      defer { assembly.close() }
      _ = assembly.reporter.listen { [display] event in
        if case .progress(let progress) = event { display.update(SyncProgress(account: account.name, progress)) }
      }
      let options = PassOptions(request)
      let names = account.folders.map { Set($0.compactMap { FolderName($0) }) }
      do throws(StoreError) {
        let answer = try await OneShot(context: assembly.context).run(options, names: names)
        return AccountSyncReport(name: account.name, seconds: seconds(), answer)
      } catch {
        return AccountSyncReport(name: account.name, seconds: seconds(), failed: ExitStatus(error), error.text)
      }
    } catch {
      return AccountSyncReport(name: account.name, seconds: seconds(), failed: error.status, error.text)
    }
  }
}
