import Glibc
import Synchronization

/// A few named threads for calls that block (name resolution, syncing): they take a function and give a value back.
///
/// Threads start when they are first needed and then sleep without cost; letting go of the queue ends them after the
/// work that is queued.
package final class SideQueue: Sendable {
  private let name: String
  private let limit: Int
  private let backlog = Backlog()

  package init(name: String, threads: Int) {
    precondition(threads > 0, "a side queue has at least one thread")
    self.name = name
    limit = threads
  }

  deinit { backlog.close() }

  /// Runs `work` on one of the threads; the caller goes on where it was. Cancellation does not shorten it.
  package func run<Value: Sendable, Failure: Error>(
    _ work: @escaping @Sendable () throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, Failure>, Never>) in
      submit { continuation.resume(returning: Result(catching: work)) }
    }
    return try result.get()
  }

  private func submit(_ work: @escaping @Sendable () -> Void) {
    if backlog.add(work, threadLimit: limit) {
      startThread(named: name) { [backlog] in
        while let work = backlog.next() { work() }
      }
    }
  }
}

/// What the threads share. Unchecked: the semaphore is made for it, the rest is locked.
@safe
private final class Backlog: @unchecked Sendable {
  private struct State {
    var works: [@Sendable () -> Void] = []
    /// Index of the first one not taken.
    var first = 0
    var threads = 0
    var idle = 0
  }

  private let state = Mutex(State())
  /// One count for each piece of work; freed with the last thread.
  private let available = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { unsafe sem_init(available, 0, 0) }

  deinit {
    unsafe sem_destroy(available)
    unsafe available.deallocate()
  }

  /// True where a further thread is to be started.
  func add(_ work: @escaping @Sendable () -> Void, threadLimit: Int) -> Bool {
    let needsThread = state.withLock { state in
      state.works.append(work)
      let waiting = state.works.count - state.first
      guard waiting > state.idle, state.threads < threadLimit else { return false }
      state.threads += 1
      return true
    }
    unsafe sem_post(available)
    return needsThread
  }

  /// Waits for work; nil when the queue is closed and empty.
  func next() -> (@Sendable () -> Void)? {
    state.withLock { $0.idle += 1 }
    while unsafe sem_wait(available) != 0 {
      // Only EINTR; a signal is the loop's business.
    }
    return state.withLock { state in
      state.idle -= 1
      guard state.first < state.works.count else { return nil }
      let work = state.works[state.first]
      state.first += 1
      if state.first == state.works.count {
        state.works.removeAll(keepingCapacity: true)
        state.first = 0
      }
      return work
    }
  }

  func close() {
    // A thread that wakes and finds nothing ends.
    let threads = state.withLock { $0.threads }
    for _ in 0..<threads { unsafe sem_post(available) }
  }
}
