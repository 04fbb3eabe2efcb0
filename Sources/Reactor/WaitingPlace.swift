package import Ports

/// Where one task at a time waits on the loop for a value, or for its own cancellation.
///
/// A value given after `wait()` was called is never lost, also when it comes before the task is at rest. A value given
/// while nobody waits is dropped: keep state beside it, and look at it before waiting.
@Loop
package final class WaitingPlace<Value: Sendable> {
  private enum Phase {
    /// Leaves to: entering.
    case empty
    /// `wait()` was called, its task is not at rest yet. Leaves to: parked, settled.
    case entering
    /// Leaves to: empty.
    case parked(CheckedContinuation<Value?, Never>)
    /// Answered before it came to rest. Leaves to: empty.
    case settled(Value?)
  }

  private var phase = Phase.empty
  private var turn = 0

  package init() {}

  package var isOccupied: Bool {
    switch phase {
    case .entering, .parked: true
    case .empty, .settled: false
    }
  }

  /// The value given next, or nil when the task was cancelled first.
  package func wait() async -> Value? {
    guard case .empty = phase else { preconditionFailure("one task at a time waits here") }
    phase = .entering
    turn += 1
    let own = turn
    return await withTaskCancellationHandler {
      await withCheckedContinuation { park($0) }
    } onCancel: {
      // Any thread, any moment: it only posts.
      Loop.task { self.cancel(own) }
    }
  }

  /// False where nobody waits.
  @discardableResult
  package func resume(returning value: Value) -> Bool { settle(value) }

  private func park(_ continuation: CheckedContinuation<Value?, Never>) {
    if case .settled(let value) = phase {
      phase = .empty
      continuation.resume(returning: value)
    } else {
      phase = .parked(continuation)
    }
  }

  private func cancel(_ cancelled: Int) {
    // A cancellation that comes late must not hit the next one who waits.
    if cancelled == turn { settle(nil) }
  }

  @discardableResult
  private func settle(_ value: Value?) -> Bool {
    switch phase {
    case .empty, .settled: return false
    case .entering: phase = .settled(value)
    case .parked(let continuation):
      phase = .empty
      continuation.resume(returning: value)
    }
    return true
  }
}
