import CLinux
import Glibc
package import Ports

/// Tells when the machine was suspended: CLOCK_BOOTTIME went on and CLOCK_MONOTONIC did not.
///
/// It costs nothing while nothing happens: the kernel wakes a timer that is cancelled by clock changes, of which
/// resuming is one. Setting the clock wakes it too, and is not told.
@Loop
package final class SuspendMonitor {
  /// Less than this is measurement, not suspend.
  package static let leastSuspend = Duration.milliseconds(100)

  private let timer: FileDescriptor
  private var watch: ReadinessWatch?
  private let suspendedTime: @Loop () -> Duration
  private var known: Duration
  private let onResume: @Loop (Duration) -> Void

  /// `suspendedTime` is how long the machine has slept since its start.
  package init(
    _ reactor: Reactor, suspendedTime: @escaping @Loop () -> Duration = { SuspendMonitor.timeSuspendedSinceBoot() },
    onResume: @escaping @Loop (_ slept: Duration) -> Void
  ) {
    self.suspendedTime = suspendedTime
    self.onResume = onResume
    known = suspendedTime()
    guard let timer = FileDescriptor(owning: clinux_clock_change_timer()) else {
      preconditionFailure("the clock cannot be watched: \(systemError(errno))")
    }
    let descriptor = timer.number
    self.timer = timer
    watch = ReadinessWatch(reactor, descriptor: descriptor, for: .readable) { [weak self] _ in self?.clockChanged() }
    watch?.start()
  }

  isolated deinit { watch?.stop() }

  /// Compares the clocks now; also called by the kernel's timer.
  package func check() {
    let now = suspendedTime()
    let slept = now - known
    guard slept >= Self.leastSuspend else { return }
    known = now
    onResume(slept)
  }

  package static func timeSuspendedSinceBoot() -> Duration {
    systemTime(CLOCK_BOOTTIME) - systemTime(CLOCK_MONOTONIC)
  }

  private func clockChanged() {
    let descriptor = timer.number
    var expirations: UInt64 = 0
    // It fails with ECANCELED, which is the message; that it is armed again is what counts.
    _ = unsafe Glibc.read(descriptor, &expirations, MemoryLayout<UInt64>.size)
    if clinux_clock_change_rearm(descriptor) != 0 { watch?.stop() }
    check()
  }
}

/// Since the clock's own zero.
func systemTime(_ clock: clockid_t) -> Duration {
  var time = timespec()
  let result = unsafe clock_gettime(clock, &time)
  precondition(result == 0, "the system has no clock \(clock)")
  return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}
