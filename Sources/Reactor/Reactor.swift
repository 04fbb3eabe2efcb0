// The floor of the program: one libevent loop on one thread, which is also the executor of everything isolated to
// `Loop`. Read this file first, then ReadinessWatch, LoopTimer, WaitingPlace and SideQueue.

import CLibevent
import CLinux
import Glibc
import Ports
import Synchronization

/// The libevent loop as serial and task executor: what is isolated to `Loop`, and every task that prefers this
/// executor, runs on the thread that called `run()`.
///
/// There is no tick: with nothing to do the thread sleeps in the kernel. Creating a reactor ignores SIGPIPE for the
/// process (a write to a closed peer is an error value, not a death) and makes children's ends known where whoever
/// started us had SIGCHLD ignored.
///
/// Unchecked: `base`, `ready`, `batch` and `willWait` are touched by the loop's thread only, the rest is atomic or locked.
@safe
package final class Reactor: LoopExecutor, @unchecked Sendable {
  private static let batchesPerPass = 16

  /// Freed with the reactor; used on the loop's thread only.
  let base: OpaquePointer
  private let wakeDescriptor: Int32
  private var wakeEvent: OpaquePointer?

  private let remote = Mutex<[UnownedJob]>([])
  private var ready: [UnownedJob] = []
  private var batch: [UnownedJob] = []
  /// Called before the loop waits for something to happen.
  var willWait: () -> Void = {}

  /// `pthread_self()` of the thread in `run()`, 0 while there is none.
  private let owner = Atomic<UInt>(0)
  private let isStopping = Atomic<Bool>(false)
  private let passCount = Atomic<Int>(0)

  package init() {
    _ = signal(SIGPIPE, SIG_IGN)
    // Comes where a file that is asked whether it is being written is opened in that moment.
    _ = signal(SIGIO, SIG_IGN)
    _ = signal(SIGCHLD, SIG_DFL)
    let wake = clinux_eventfd()
    guard let base = unsafe event_base_new(), wake >= 0 else {
      preconditionFailure("the event loop could not be made: \(systemError(errno))")
    }
    unsafe self.base = base
    wakeDescriptor = wake
    unsafe wakeEvent = event_new(
      base, wake, Int16(EV_READ | EV_PERSIST),
      { @Sendable descriptor, _, _ in
        // The count itself says nothing; a failed read means that another wake was already taken.
        var count: UInt64 = 0
        _ = unsafe Glibc.read(descriptor, &count, MemoryLayout<UInt64>.size)
      }, nil)
    unsafe event_add(wakeEvent, nil)
  }

  deinit {
    unsafe event_free(wakeEvent)
    unsafe event_base_free(base)
    close(wakeDescriptor)
  }

  /// Runs the loop on the calling thread until `stop()`.
  package func run() {
    owner.store(currentThread(), ordering: .releasing)
    while !isStopping.load(ordering: .acquiring) {
      passCount.wrappingAdd(1, ordering: .relaxed)
      takeRemoteJobs()
      // Bounded: jobs that make jobs do not keep the loop from its descriptors.
      for _ in 0..<Self.batchesPerPass where !ready.isEmpty { runBatch() }
      let mayWait = ready.isEmpty && !isStopping.load(ordering: .acquiring)
      if mayWait { willWait() }
      unsafe event_base_loop(base, mayWait ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK)
    }
    isStopping.store(false, ordering: .relaxed)
    owner.store(0, ordering: .releasing)
  }

  /// From any thread: `run()` returns after the step it is in. Jobs not yet run stay queued.
  package func stop() {
    isStopping.store(true, ordering: .releasing)
    wake()
  }

  /// How often the loop has gone round. At rest it does not change.
  package var passes: Int { passCount.load(ordering: .relaxed) }

  // MARK: The executor

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if isOnLoop {
      ready.append(job)
      return
    }
    let isFirst = remote.withLock {
      $0.append(job)
      return $0.count == 1
    }
    // One wake for a batch: whoever comes later finds the first still waiting.
    if isFirst { wake() }
  }

  package func isIsolatingCurrentContext() -> Bool? { isOnLoop }

  package func checkIsolated() {
    precondition(isOnLoop, "this runs on the loop's thread only")
  }

  private var isOnLoop: Bool { owner.load(ordering: .acquiring) == currentThread() }

  private func takeRemoteJobs() {
    remote.withLock {
      ready.append(contentsOf: $0)
      $0.removeAll(keepingCapacity: true)
    }
  }

  private func runBatch() {
    swap(&ready, &batch)
    for job in batch {
      unsafe job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    }
    batch.removeAll(keepingCapacity: true)
  }

  private func wake() {
    var one: UInt64 = 1
    // It fails only when the count is at its limit; then the loop is awake anyway.
    _ = unsafe Glibc.write(wakeDescriptor, &one, MemoryLayout<UInt64>.size)
  }
}

private func currentThread() -> UInt { UInt(pthread_self()) }

/// The system's words for an errno, as in "Connection refused".
package func systemError(_ number: Int32) -> String {
  unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
}
