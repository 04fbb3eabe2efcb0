// Engine: syncs one account, over Ports alone. `OneShot` runs one pass over everything, `AccountRunner` keeps at it. Both
// run a FullPass, which finds the folders (Folders) and plays a FolderPass over each: look at both sides, let
// Reconciliation say what to do, do it (Pass). IMAPStore is the one store that lives here, for it is IMAP over streams.
// It may import Mail, Digests, IMAP, Ports and Reconciliation. Read FullPass first, then FolderPass and AccountSession.

package import Mail
package import Ports
import Reconciliation

/// Keeps one account in sync until it is told to stop: sessions one after another, with a wait between that grows while
/// they fail. Nothing ends it but its cancellation.
@Loop
package final class AccountRunner {
  package nonisolated let name: String
  private let context: AccountContext
  private var session: AccountSession?
  private var phase = AccountPhase.stopped
  private var lastError: StoreError?
  /// What was told as a problem, and is not over yet.
  private var toldProblem: String?
  private var lastFullPass: Int64?
  /// What the last full pass could not sync.
  private var problems: [PassReport.Problem] = []
  private var connectionBackoff = Backoff()
  private var loginBackoff = Backoff()
  private var retry: Task<Void, Never>?
  /// When the session that runs was in sync first.
  private var inSyncSince: LoopInstant?
  /// How many sessions in a row ended soon after they were of use first.
  private var endedSoon = 0
  /// True while sessions end as soon as they have begun: then no success is believed.
  private var isFlapping = false

  package init(context: AccountContext) {
    self.context = context
    name = context.name
  }

  package func run() async {
    while !Task.isCancelled {
      let session = AccountSession(
        context: context, onPhase: { [weak self] in self?.enter($0) }, onFullPass: { [weak self] in self?.passed($0) })
      self.session = session
      do {
        try await session.run()
      } catch {
        await fail(error)
      }
      self.session = nil
    }
    await context.close()
    enter(.stopped)
  }

  /// The network changed, or the machine woke: what waited out a lost connection is tried at once.
  package func networkChanged() {
    guard case .waiting(_, let kind, _) = phase else {
      for side in Side.allCases { context.stores[side].checkConnections() }
      return
    }
    guard kind != .refusedLogin else { return }
    connectionBackoff.reset()
    retry?.cancel()
  }

  /// A full pass now, by the session that runs, or an error where none does.
  package func fullPass(_ options: PassOptions, names: Set<FolderName>?) async throws(StoreError) -> FullPassAnswer {
    guard let session else {
      throw lastError ?? StoreError(.account, .unavailable, "\(name) is not connected at the moment")
    }
    let result = await withCheckedContinuation { continuation in
      session.request(FullPassRequest(options: options, names: names) { continuation.resume(returning: $0) })
    }
    return FullPassAnswer(try result.get())
  }

  /// SIGUSR1: sync everything now, and forget about waiting.
  package func syncNow() {
    if case .waiting = phase { retry?.cancel() } else { session?.requestFullPass() }
  }

  package func snapshot() -> AccountSnapshot {
    AccountSnapshot.of(
      context, phase: phase, watchKinds: session?.watches.kinds, failures: session?.failures.errors ?? [:],
      lastFullPass: lastFullPass, lastError: lastError?.text, problems: problems)
  }

  // MARK: Phases

  private func enter(_ phase: AccountPhase) {
    guard self.phase != phase else { return }
    self.phase = phase
    context.tell(.phaseChanged(phase))
  }

  /// After a pass over all folders. One that failed is told of by itself; the account is in service nevertheless.
  private func passed(_ outcome: FullPass.Outcome) {
    problems = outcome.report.problems
    if outcome.failures.isEmpty { lastFullPass = context.wallSeconds }
    if inSyncSince == nil { inSyncSince = context.clock.now }
    guard lastError != nil, !isFlapping || hasLasted else { return }
    lastError = nil
    guard toldProblem != nil else { return }
    toldProblem = nil
    context.tell(.recovered(nil))
  }

  /// When the session that runs was first of use: in sync, or on its way there with a message brought. Where the network
  /// breaks every minute, a long first sync is many sessions, each of which goes on where the last one ended.
  private var usefulSince: LoopInstant? { [inSyncSince, context.workedSince].compactMap(\.self).min() }

  /// A session is a success when it was of use for some seconds: a server that closes each connection after a moment is
  /// not asked every moment, nor told of each time.
  private var hasLasted: Bool {
    guard let usefulSince else { return false }
    return usefulSince.duration(to: context.clock.now) > Self.lastingMin
  }
  private static let lastingMin: Duration = .seconds(2)

  private func fail(_ error: StoreError) async {
    await context.close()
    guard !Task.isCancelled, error.kind != .cancelled else { return }
    noteEnd()
    lastError = error
    let wait = delay(after: error)
    // Connections end every day. It is a problem where the next try, which is made at once, fails too.
    if wait > .zero, toldProblem != error.text {
      toldProblem = error.text
      context.tell(.problem(.init(folder: nil, reason: error.text)))
    }
    // What it watched is watched no more.
    session = nil
    problems = []
    enter(.waiting(reason: error.text, error.kind, retryIn: wait))
    let retry = Loop.task { [context] in _ = await context.sleep(wait) }
    self.retry = retry
    await withTaskCancellationHandler {
      await retry.value
    } onCancel: {
      retry.cancel()
    }
    self.retry = nil
  }

  /// Of a session. One that was of use has reached its server: how often that took a try before does not count any
  /// more, only how often it ended soon.
  private func noteEnd() {
    isFlapping = usefulSince != nil && !hasLasted
    if usefulSince != nil {
      endedSoon = isFlapping ? endedSoon + 1 : 0
      connectionBackoff.reset(to: max(0, endedSoon - 1))
    }
    if hasLasted { loginBackoff.reset() }
    inSyncSince = nil
    context.forgetWork()
  }

  /// A refused login is tried again far more slowly: servers lock accounts.
  private func delay(after error: StoreError) -> Duration {
    let jitter = context.jitter
    switch error.kind {
    case .refusedLogin: return loginBackoff.next(.login, jitter: jitter)
    case .noPassword, .needsPerson, .held, .internalFault, .refused, .noSpace, .gone:
      return connectionBackoff.next(.folder, jitter: jitter)
    case .unavailable, .untrusted, .cancelled: return connectionBackoff.next(.connection, jitter: jitter)
    }
  }
}

/// What became of a full pass that was asked for.
package struct FullPassAnswer: Equatable, Sendable {
  package let report: PassReport
  /// Named folders that there are not.
  package let unknown: Set<FolderName>

  init(_ outcome: FullPass.Outcome) {
    report = outcome.report
    unknown = outcome.unknown
  }
}
