/// A moment of the monotonic clock that goes on in suspend (CLOCK_BOOTTIME).
package struct LoopInstant: InstantProtocol, Sendable {
  package let nanoseconds: Int64
  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  package func advanced(by duration: Duration) -> LoopInstant {
    LoopInstant(nanoseconds: nanoseconds &+ duration.nanoseconds)
  }

  package func duration(to other: LoopInstant) -> Duration { .nanoseconds(other.nanoseconds &- nanoseconds) }
  package static func < (left: LoopInstant, right: LoopInstant) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension Duration {
  /// Rounded down; saturating beyond ±292 years.
  package var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow else { return seconds < 0 ? .min : .max }
    let (sum, overflow2) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow2 ? (seconds < 0 ? .min : .max) : sum
  }
}

/// Time as the engine knows it. Sleeping is cancellable and stays on the loop's thread.
package protocol LoopClock: Clock<Duration>, Sendable where Instant == LoopInstant {
  /// For dates, and for ages of what lies on disk; a jump makes something be looked at again or kept longer, and no
  /// message is taken for gone by it.
  var wallTime: WallTime { get }
}

/// Wall-clock time since 1970 UTC.
package struct WallTime: Hashable, Sendable {
  package let seconds: Int64
  package let microseconds: Int32

  package init(seconds: Int64, microseconds: Int32) {
    self.seconds = seconds
    self.microseconds = microseconds
  }

  /// Since 1970; wraps around only where no file's time can be.
  package var nanoseconds: Int64 { seconds &* 1_000_000_000 &+ Int64(microseconds) &* 1000 }
}
