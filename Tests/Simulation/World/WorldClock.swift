package import Ports
import Synchronization

/// Time in a simulated world: it stands still until the world moves it on, from one sleeper's instant to the next one's.
///
/// Monotonic time never goes back. The wall clock may be set to anything.
package final class WorldClock: LoopClock {
  private struct Sleeper {
    let id: Int
    let until: LoopInstant
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var now: LoopInstant
    var wallOffset: Int64
    var nextID = 0
    /// By instant, and those of one instant in the order in which they came.
    var sleepers: [Sleeper] = []
    var cancelled: Set<Int> = []
    var isOver = false
  }

  private let state: Mutex<State>

  /// `wallSeconds` since 1970 at the beginning.
  package init(wallSeconds: Int64 = 1_700_000_000) {
    state = Mutex(State(now: LoopInstant(nanoseconds: 0), wallOffset: wallSeconds &* 1_000_000_000))
  }

  package var now: LoopInstant { state.withLock(\.now) }
  package var minimumResolution: Duration { .nanoseconds(1) }

  package var wallTime: WallTime {
    let nanoseconds = state.withLock { $0.now.nanoseconds &+ $0.wallOffset }
    return WallTime(
      seconds: nanoseconds / 1_000_000_000, microseconds: Int32(nanoseconds % 1_000_000_000 / 1_000))
  }

  // MARK: For the one who drives the world

  /// When the next sleeper is to wake.
  package var nextWake: LoopInstant? { state.withLock { $0.sleepers.first?.until } }

  /// Wakes everybody who slept until then; never back.
  package func move(to instant: LoopInstant) {
    let due = state.withLock { state in
      state.now = max(state.now, instant)
      let due = state.sleepers.prefix { $0.until <= state.now }
      state.sleepers.removeFirst(due.count)
      return due
    }
    for sleeper in due { sleeper.continuation.resume() }
  }

  /// Somebody sets the clock.
  package func setWall(by difference: Duration) {
    state.withLock { $0.wallOffset &+= difference.nanoseconds }
  }

  /// The world is taken down: nobody sleeps any more, now or later.
  package func end() {
    let sleepers = state.withLock { state in
      state.isOver = true
      let sleepers = state.sleepers
      state.sleepers = []
      return sleepers
    }
    for sleeper in sleepers { sleeper.continuation.resume(throwing: CancellationError()) }
  }

  // MARK: Sleeping

  package func sleep(until deadline: LoopInstant, tolerance: Duration?) async throws {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        add(Sleeper(id: id, until: deadline, continuation: continuation))
      }
    } onCancel: {
      cancel(id)
    }
  }

  private func add(_ sleeper: Sleeper) {
    let outcome: Result<Void, any Error>? = state.withLock { state in
      if state.cancelled.remove(sleeper.id) != nil || state.isOver { return .failure(CancellationError()) }
      if sleeper.until <= state.now { return .success(()) }
      let index = state.sleepers.partitioningIndex { $0.until > sleeper.until }
      state.sleepers.insert(sleeper, at: index)
      return nil
    }
    if let outcome { sleeper.continuation.resume(with: outcome) }
  }

  private func cancel(_ id: Int) {
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

extension Array {
  /// Of the first element for which `isBehind` holds, which holds for all that follow.
  fileprivate func partitioningIndex(where isBehind: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
