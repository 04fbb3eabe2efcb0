package import Engine
package import Ports

/// Hears what an account tells, and lets a test wait for it.
@Loop
package final class Recorder: AccountObserver {
  private struct Waiter {
    let isMet: @Loop () -> Bool
    let continuation: CheckedContinuation<Void, Never>
  }

  package private(set) var events: [AccountEvent] = []
  private var waiters: [Waiter] = []
  /// What happens at the very moment that an event is told.
  package var onEvent: @Loop (AccountEvent) -> Void = { _ in }

  package nonisolated init() {}

  package func account(_ name: String, _ event: AccountEvent) {
    events.append(event)
    onEvent(event)
    checkWaiters()
  }

  /// Returns when the condition holds; it is asked after each event. A test that waits in vain runs into its time limit.
  package func wait(until isMet: @escaping @Loop () -> Bool) async {
    if isMet() { return }
    await withCheckedContinuation { waiters.append(Waiter(isMet: isMet, continuation: $0)) }
  }

  private func checkWaiters() {
    let met = waiters.filter { $0.isMet() }
    waiters.removeAll { $0.isMet() }
    for waiter in met { waiter.continuation.resume() }
  }
}
