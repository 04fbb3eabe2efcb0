import Foundation

/// A thread of its own as an actor's executor, so that the actor's methods may block without holding up other tests.
///
/// Swift's shared pool has as many threads as the machine has cores; blocking there would stop every test that runs
/// beside. The thread ends when the executor is let go of.
package final class DedicatedThread: SerialExecutor {
  private let queue = Monitor(JobQueue())

  package init(name: String) {
    let queue = queue
    let thread = Thread {
      while let batch = queue.nextBatch() {
        for job in batch { job() }
      }
    }
    thread.name = name
    thread.start()
  }

  deinit { queue.update { $0.isClosed = true } }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = unsafe asUnownedSerialExecutor()
    queue.update { $0.jobs.append { unsafe job.runSynchronously(on: executor) } }
  }
}

private struct JobQueue {
  var jobs: [@Sendable () -> Void] = []
  var isClosed = false
}

extension Monitor<JobQueue> {
  /// Waits for work; nil when the executor is gone and all its work done.
  fileprivate func nextBatch() -> [@Sendable () -> Void]? {
    let batch = wait(until: nil) { queue -> [@Sendable () -> Void]? in
      guard !queue.jobs.isEmpty || queue.isClosed else { return nil }
      defer { queue.jobs = [] }
      return queue.jobs
    }
    guard let batch, !batch.isEmpty else { return nil }
    return batch
  }
}

/// Runs `body`, which may block, on a thread made for it.
package func onOwnThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Swift.Result(catching: body)) }
  }
}
