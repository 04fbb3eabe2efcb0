import Ports

extension Reactor {
  /// The process's reactor on a thread of its own, made and bound to `Loop` by the first call. For tests, and for
  /// programs whose main thread has something else to do.
  package static func startShared() -> Reactor { shared }

  private static let shared: Reactor = {
    let reactor = Reactor()
    Loop.bind(reactor)
    startThread(named: "martlet-loop") { reactor.run() }
    return reactor
  }()

  /// Runs `body` on the shared reactor, as a task that stays there, and hands on the caller's cancellation.
  package static func onShared<Success: Sendable>(
    _ body: @escaping @Loop @Sendable () async throws -> Success
  ) async throws -> Success {
    let task = Task(executorPreference: startShared()) { try await body() }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }
}
