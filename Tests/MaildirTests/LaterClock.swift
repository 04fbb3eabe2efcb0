import Ports
import Reactor

/// A clock whose wall is ahead, for what happens after days; it waits as the true one does.
final class LaterClock: LoopClock {
  private let clock: ReactorClock
  private let secondsAhead: Int64

  init(_ clock: ReactorClock, secondsAhead: Int64) {
    self.clock = clock
    self.secondsAhead = secondsAhead
  }

  var now: LoopInstant { clock.now }
  var minimumResolution: Duration { clock.minimumResolution }
  var wallTime: WallTime {
    WallTime(seconds: clock.wallTime.seconds + secondsAhead, microseconds: clock.wallTime.microseconds)
  }

  @Loop
  func sleep(until deadline: LoopInstant, tolerance: Duration?) async throws {
    try await clock.sleep(until: deadline, tolerance: tolerance)
  }
}
