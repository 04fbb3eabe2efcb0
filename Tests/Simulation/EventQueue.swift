import Ports

/// Events of a simulated store, for one waiter.
@Loop
final class EventQueue {
  private var events: [StoreEvent] = []
  private var waiter: CheckedContinuation<Void, Never>?

  func post(_ event: StoreEvent) {
    events.append(event)
    waiter?.resume()
    waiter = nil
  }

  func next() async throws(StoreError) -> [StoreEvent] {
    if events.isEmpty, !Task.isCancelled {
      await withTaskCancellationHandler {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
          if Task.isCancelled || !events.isEmpty { continuation.resume() } else { waiter = continuation }
        }
      } onCancel: {
        Loop.task { self.wake() }
      }
    }
    guard !Task.isCancelled else { throw StoreError(.account, .cancelled, "cancelled") }
    defer { events.removeAll() }
    return events
  }

  private func wake() {
    waiter?.resume()
    waiter = nil
  }
}
