package import Ports

/// The executor of simulated worlds: jobs in the order in which they came, on the thread that called `run`, and nothing
/// else. It knows when everybody waits, which is when time may move.
///
/// Unchecked: it is used by one thread, because nothing in a simulated world has another.
@safe
package final class WorldLoop: LoopExecutor, @unchecked Sendable {
  /// More jobs in a row, without a moment of rest, are a program that goes round in circles.
  static let restlessMax = 1_000_000

  private var jobs: [UnownedJob] = []
  private var head = 0
  private var waiter: CheckedContinuation<Void, Never>?
  private var jobsUntilTurn = Int.max
  private var jobsSinceRest = 0
  private var isRestless = false
  private var isOver = false

  package init() {}

  package func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

  package func isIsolatingCurrentContext() -> Bool? { true }

  package func checkIsolated() {}

  /// Runs `body`, and all that it starts, until `body` has ended. What still waits then waits for ever.
  package func run(_ body: @escaping @Loop @Sendable () async -> Void) {
    isOver = false
    Task(executorPreference: self) {
      await body()
      self.end()
    }
    while !isOver {
      if head < jobs.count {
        runNext()
      } else {
        precondition(waiter != nil, "the world waits for itself: nobody is left who could end it")
        isRestless = false
        resumeDriver()
      }
    }
  }

  // MARK: For the one who drives a world

  /// Returns when all others wait for something; false where they never do.
  @Loop
  package func rest() async -> Bool { await turn(after: .max) }

  /// Returns when others have run `count` jobs, or when all wait for something.
  @Loop
  func run(jobs count: Int) async {
    guard count > 0 else { return }
    _ = await turn(after: count)
  }

  @Loop
  private func turn(after count: Int) async -> Bool {
    precondition(waiter == nil, "a world has one driver")
    jobsSinceRest = 0
    jobsUntilTurn = count
    await withCheckedContinuation { waiter = $0 }
    return !isRestless
  }

  // MARK: -

  private func runNext() {
    let job = jobs[head]
    head += 1
    if head == jobs.count {
      jobs.removeAll(keepingCapacity: true)
      head = 0
    } else if head >= 4096 {
      jobs.removeFirst(head)
      head = 0
    }
    unsafe job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    guard waiter != nil else { return }
    jobsSinceRest += 1
    guard jobsSinceRest >= min(jobsUntilTurn, Self.restlessMax) else { return }
    isRestless = jobsSinceRest >= Self.restlessMax
    resumeDriver()
  }

  private func resumeDriver() {
    let woken = waiter
    waiter = nil
    woken?.resume()
  }

  private func end() { isOver = true }
}
