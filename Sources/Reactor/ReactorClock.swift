import Glibc
package import Ports

/// The engine's time: CLOCK_BOOTTIME, and sleeping on the loop's own timers.
///
/// libevent's timers stand still in suspend; when the machine resumes, all sleepers look at the clock again, so that a
/// deadline that passed meanwhile is met at once.
package final class ReactorClock: LoopClock {
  private let reactor: Reactor
  @Loop private var sleepers: [ObjectIdentifier: Sleeper] = [:]
  @Loop private var monitor: SuspendMonitor?

  package init(_ reactor: Reactor) { self.reactor = reactor }

  package var now: LoopInstant { LoopInstant(nanoseconds: systemTime(CLOCK_BOOTTIME).nanoseconds) }
  package var minimumResolution: Duration { .milliseconds(1) }

  package var wallTime: WallTime {
    let (seconds, attoseconds) = systemTime(CLOCK_REALTIME).components
    return WallTime(seconds: seconds, microseconds: Int32(attoseconds / 1_000_000_000_000))
  }

  /// Never returns before `deadline`; throws only `CancellationError`.
  @Loop
  package func sleep(until deadline: LoopInstant, tolerance: Duration? = nil) async throws {
    try Task.checkCancellation()
    if monitor == nil {
      monitor = SuspendMonitor(reactor) { [weak self] _ in self?.lookAgain() }
    }
    guard now < deadline else { return }
    let sleeper = Sleeper(reactor, self, until: deadline)
    let id = ObjectIdentifier(sleeper)
    sleepers[id] = sleeper
    defer { sleepers[id] = nil }
    guard await sleeper.sleep() else { throw CancellationError() }
  }

  @Loop
  func lookAgain() {
    for sleeper in sleepers.values { sleeper.look() }
  }
}

@Loop
private final class Sleeper {
  private let clock: ReactorClock
  private let deadline: LoopInstant
  private let place = WaitingPlace<Void>()
  private let reactor: Reactor
  private var timer: LoopTimer?

  init(_ reactor: Reactor, _ clock: ReactorClock, until deadline: LoopInstant) {
    self.clock = clock
    self.deadline = deadline
    self.reactor = reactor
  }

  /// False where the task was cancelled.
  func sleep() async -> Bool {
    let timer = LoopTimer(reactor) { [weak self] in self?.look() }
    self.timer = timer
    timer.start(after: clock.now.duration(to: deadline))
    let outcome: Void? = await place.wait()
    timer.cancel()
    return outcome != nil
  }

  /// Wakes the task where the time has come; else waits for the rest. libevent's clock is coarse and may be a little
  /// early.
  func look() {
    let rest = clock.now.duration(to: deadline)
    if rest <= .zero {
      place.resume(returning: ())
    } else {
      timer?.start(after: max(rest, clock.minimumResolution))
    }
  }
}
