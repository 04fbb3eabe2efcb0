package import Ports
import Synchronization

/// Time that moves when it is told to, or when somebody sleeps for a short while. Sleepers wake in the order of their
/// instants.
package final class SimulatedClock: LoopClock {
  private struct Sleeper {
    let id: Int
    let until: LoopInstant
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var now = LoopInstant(nanoseconds: 0)
    var nextID = 0
    var sleepers: [Sleeper] = []
    var cancelled: Set<Int> = []
  }

  private let state = Mutex(State())
  /// Who sleeps no longer than this moves the time by it and does not wait.
  private let jump: Duration

  package init(jump: Duration = .zero) { self.jump = jump }

  package var now: LoopInstant { state.withLock(\.now) }
  package var minimumResolution: Duration { .nanoseconds(1) }
  package var wallTime: WallTime {
    WallTime(seconds: 1_700_000_000 + now.nanoseconds / 1_000_000_000, microseconds: 0)
  }

  /// How many wait for a later instant.
  package var sleeperCount: Int { state.withLock { $0.sleepers.count } }

  package func advance(by duration: Duration) {
    let due = state.withLock { state in
      state.now = state.now.advanced(by: duration)
      let due = state.sleepers.filter { $0.until <= state.now }.sorted { $0.until < $1.until }
      state.sleepers.removeAll { $0.until <= state.now }
      return due
    }
    for sleeper in due { sleeper.continuation.resume() }
  }

  package func sleep(until deadline: LoopInstant, tolerance: Duration?) async throws {
    let wait = now.duration(to: deadline)
    if wait <= jump {
      await Task.yield()
      if wait > .zero { advance(by: wait) }
      // Whoever waited for an earlier instant comes first.
      await Task.yield()
      return try Task.checkCancellation()
    }
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        let outcome: Result<Void, any Error>? = state.withLock { state in
          if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
          if deadline <= state.now { return .success(()) }
          state.sleepers.append(Sleeper(id: id, until: deadline, continuation: continuation))
          return nil
        }
        if let outcome { continuation.resume(with: outcome) }
      }
    } onCancel: {
      let sleeper = state.withLock { state -> Sleeper? in
        guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
          state.cancelled.insert(id)
          return nil
        }
        return state.sleepers.remove(at: index)
      }
      sleeper?.continuation.resume(throwing: CancellationError())
    }
  }
}
