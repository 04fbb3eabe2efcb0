import Control
import Ports

/// Counts changes of what the status shows, and wakes those who wait for one.
@Loop
final class StatusBoard {
  private(set) var generation = 1
  private var next = Occasion()

  func change() {
    generation += 1
    let occasion = next
    next = Occasion()
    occasion.come()
  }

  /// The generation then, or at the caller's cancellation.
  func change(since known: Int) async -> Int {
    if known == generation { await next.wait() }
    return generation
  }
}
