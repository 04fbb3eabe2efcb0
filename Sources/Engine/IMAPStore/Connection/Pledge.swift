import Ports

/// A value that comes once. Any number of tasks may wait for it; each stops waiting when it is cancelled.
@Loop
final class Pledge<Value: Sendable> {
  private(set) var value: Value?
  private var waiting: [(turn: Int, continuation: CheckedContinuation<Value?, Never>)] = []
  private var turns = 0
  private var cancelledEarly: Set<Int> = []

  /// The first value counts.
  func settle(_ value: Value) {
    guard self.value == nil else { return }
    self.value = value
    let woken = waiting
    waiting.removeAll()
    for (_, continuation) in woken { continuation.resume(returning: value) }
  }

  func wait() async throws(StoreError) -> Value {
    if let value { return value }
    turns += 1
    let turn = turns
    let found = await withTaskCancellationHandler {
      await withCheckedContinuation { park($0, turn) }
    } onCancel: {
      // Any thread, any moment: it only posts.
      Loop.task { self.cancel(turn) }
    }
    guard let found else { throw .cancelled }
    return found
  }

  private func park(_ continuation: CheckedContinuation<Value?, Never>, _ turn: Int) {
    if let value {
      continuation.resume(returning: value)
    } else if cancelledEarly.remove(turn) != nil {
      continuation.resume(returning: nil)
    } else {
      waiting.append((turn, continuation))
    }
  }

  private func cancel(_ turn: Int) {
    guard value == nil else { return }
    guard let index = waiting.firstIndex(where: { $0.turn == turn }) else {
      cancelledEarly.insert(turn)
      return
    }
    waiting.remove(at: index).continuation.resume(returning: nil)
  }
}

extension StoreError {
  /// The task that waited was cancelled; what it had asked for may still happen.
  static let cancelled = StoreError(.account, .cancelled, "stopped")
}
