import Ports

/// Events on their way to the engine: told once however often they happen, the first at once.
@Loop
final class StoreEventQueue {
  private var events: [StoreEvent] = []
  private var failure: StoreError?
  private var arrival = Pledge<Void>()

  func post(_ event: StoreEvent) {
    guard !events.contains(event) else { return }
    events.append(event)
    arrival.settle(())
  }

  /// The watch is broken until `reset`.
  func fail(_ error: StoreError) {
    failure = failure ?? error
    arrival.settle(())
  }

  func reset() {
    events.removeAll()
    failure = nil
    arrival = Pledge()
  }

  func next() async throws(StoreError) -> [StoreEvent] {
    while true {
      if let failure { throw failure }
      if !events.isEmpty {
        defer { events.removeAll() }
        return events
      }
      arrival = Pledge()
      try await arrival.wait()
    }
  }
}
