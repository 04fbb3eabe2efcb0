import Synchronization

/// What runs the loop's jobs: libevent's thread in the program, a deterministic queue in a simulation.
package protocol LoopExecutor: SerialExecutor, TaskExecutor {}

/// The one thread of control. Everything that holds state of the sync is isolated to it, so that no lock is needed
/// and whatever runs between two `await`s is one step.
///
/// The executor is bound once, before the first use: `Loop.bind(reactor)`.
@globalActor
package actor Loop {
  package static let shared = Loop()

  private static let bound = Mutex<(any LoopExecutor)?>(nil)
  package static let executor: any LoopExecutor = {
    guard let executor = bound.withLock({ $0 }) else {
      preconditionFailure("Loop.bind(_:) comes before the first job on the loop")
    }
    return executor
  }()

  /// Later calls with another executor change nothing: a process has one loop.
  package static func bind(_ executor: any LoopExecutor) {
    bound.withLock { if $0 == nil { $0 = executor } }
  }

  package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe Self.executor.asUnownedSerialExecutor() }

  /// An unstructured task on the loop. A bare `Task {}` would leave the thread at its first `await`.
  @discardableResult
  package static func task<Success: Sendable>(
    _ operation: @escaping @Loop @Sendable () async -> Success
  ) -> Task<Success, Never> {
    Task(executorPreference: executor) { await operation() }
  }
}
