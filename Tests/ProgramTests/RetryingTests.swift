import Ports
import Reactor
import Simulation
import Testing

@testable import martlet

@Suite("Trying again", .timeLimit(.minutes(1)))
struct RetryingTests {
  @Loop
  private final class Attempts {
    var count = 0
    var left = 0

    func make() -> Bool {
      count += 1
      left -= 1
      return left > 0
    }
  }

  @Test("wakes nobody while there is nothing to try again")
  func quiet() async throws {
    try await Reactor.onShared {
      let (clock, attempts, retrying) = (SimulatedClock(), Attempts(), Retrying { .seconds(300) })
      let life = Loop.task { await retrying.run(clock) { attempts.make() } }
      // Nothing happens, for which nobody can wait.
      for _ in 0..<20 { await Task.yield() }
      #expect(clock.sleeperCount == 0)
      attempts.left = 2
      retrying.isNeeded()
      while clock.sleeperCount == 0 { await Task.yield() }
      #expect(attempts.count == 0)
      for expected in 1...2 {
        clock.advance(by: .seconds(300))
        while attempts.count < expected { await Task.yield() }
        while expected == 1, clock.sleeperCount == 0 { await Task.yield() }
      }
      #expect(attempts.count == 2)
      #expect(clock.sleeperCount == 0)
      life.cancel()
      await life.value
    }
  }
}
