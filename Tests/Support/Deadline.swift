/// The moment at which a fixture stops waiting and says that what it waited for did not come.
package struct Deadline: Sendable {
  package let instant: ContinuousClock.Instant

  package init(in duration: Duration) { instant = ContinuousClock.now + duration }

  package var hasPassed: Bool { ContinuousClock.now >= instant }

  var left: Duration { max(.zero, instant - ContinuousClock.now) }

  var secondsLeft: Double { left / .seconds(1) }

  /// For `poll(2)`: whole milliseconds, rounded up so that it never returns early and spins.
  var pollTimeout: Int32 { Int32(min(Double(Int32.max), (left / .milliseconds(1)).rounded(.up))) }
}
