import Control
import Ports

/// Tries something again now and then while that is needed, and wakes for nothing otherwise.
@Loop
final class Retrying {
  private let interval: @Loop () -> Duration
  private var need = Occasion()

  /// `interval` is asked before each try.
  init(every interval: @escaping @Loop () -> Duration) { self.interval = interval }

  /// There is something to try again, an interval from now at the latest.
  func isNeeded() { need.come() }

  /// `attempt` answers whether it is still needed. Runs until cancelled.
  func run(_ clock: any LoopClock, _ attempt: @Loop () -> Bool) async {
    while !Task.isCancelled {
      await need.wait()
      guard await clock.passes(interval()) else { return }
      need = Occasion()
      if attempt() { need.come() }
    }
  }
}
