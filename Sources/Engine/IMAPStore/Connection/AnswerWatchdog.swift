import Ports

/// Ends a connection whose server is silent although an answer is due. It costs one timer while something is awaited,
/// and nothing otherwise.
@Loop
final class AnswerWatchdog {
  weak var owner: IMAPConnection?
  var limit: Duration
  private(set) var lastSign: LoopInstant
  private let clock: any LoopClock
  private var holds = 0
  private var task: Task<Void, Never>?

  init(_ clock: any LoopClock, limit: Duration) {
    self.clock = clock
    self.limit = limit
    lastSign = clock.now
  }

  /// For one silence, instead of `limit`.
  private var tightened: Duration?

  /// The server lives, or the silence begins only now.
  func sign() { lastSign = clock.now }

  /// The server was heard.
  func heard() {
    tightened = nil
    sign()
  }

  /// From here to `release()` it is not the server that is waited for.
  func hold() { holds += 1 }

  func release() {
    holds -= 1
    if holds == 0 { sign() }
  }

  func expectsMore() {
    guard task == nil, owner?.isExpecting == true else { return }
    task = Loop.task { await self.watch() }
  }

  /// Silence from now on is believed sooner, until something is heard.
  func tighten(to limit: Duration) {
    tightened = limit
    sign()
    task?.cancel()
    task = nil
    expectsMore()
  }

  func stop() {
    task?.cancel()
    task = nil
  }

  private func watch() async {
    while let owner, owner.isExpecting {
      let limit = tightened ?? self.limit
      let due = (holds > 0 ? clock.now : lastSign).advanced(by: limit)
      if due <= clock.now {
        owner.fail(
          StoreError(.account, .unavailable, "\(owner.title): no answer for \(limit.components.seconds) s"))
        return
      }
      do { try await clock.sleep(until: due, tolerance: nil) } catch { return }
    }
    if !Task.isCancelled { task = nil }
  }
}
