import CLibevent
import Glibc
package import Ports

/// Calls back once, on the loop, after a time that does not go on in suspend (CLOCK_MONOTONIC). Starting it anew moves
/// it. A timer that is let go of does not fire.
@Loop
@safe
package final class LoopTimer {
  /// Freed in deinit; its argument is the retained target.
  private let event: OpaquePointer
  private let target: CallbackTarget<Void>

  package init(_ reactor: Reactor, onFire: @escaping @Loop () -> Void) {
    target = CallbackTarget { _ in onFire() }
    let event = unsafe event_new(
      reactor.base, -1, 0, { @Sendable _, _, argument in unsafe CallbackTarget<Void>.fire(argument, ()) },
      Unmanaged.passUnretained(target).toOpaque())
    guard let event = unsafe event else { preconditionFailure("out of memory for a timer") }
    unsafe self.event = event
  }

  isolated deinit {
    unsafe event_free(event)
  }

  package var isRunning: Bool { unsafe event_pending(event, Int16(EV_TIMEOUT), nil) != 0 }

  /// Rounded up to the microsecond; a time that is over fires in the next pass, never within this call.
  package func start(after duration: Duration) {
    // Thirty years: libevent adds it to the clock, which must not overflow.
    let limit: Int64 = 1_000_000_000 * 1_000_000_000
    let nanoseconds = min(max(duration.nanoseconds, 0), limit)
    let microseconds = (nanoseconds + 999) / 1000
    var time = timeval(tv_sec: Int(microseconds / 1_000_000), tv_usec: Int(microseconds % 1_000_000))
    unsafe event_add(event, &time)
  }

  package func cancel() { unsafe event_del(event) }
}
