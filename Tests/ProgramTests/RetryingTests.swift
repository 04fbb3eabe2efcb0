import Ports
import Reactor
import Simulation
import Testing

@testable import martlet

@Suite("Trying again")
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
      let (clock, attempts, retrying) = (SimulatedClock(), Attempts(), Retrying(every: .seconds(300)))
      let life = Loop.task { await retrying.run(clock) { attempts.make() } }
      await settle()
      #expect(clock.sleeperCount == 0)
      attempts.left = 2
      retrying.isNeeded()
      await settle()
      #expect(clock.sleeperCount == 1)
      #expect(attempts.count == 0)
      for expected in 1...2 {
        clock.advance(by: .seconds(300))
        await settle()
        #expect(attempts.count == expected)
      }
      #expect(clock.sleeperCount == 0)
      life.cancel()
      await life.value
    }
  }

  @Loop
  private func settle() async {
    for _ in 0..<20 { await Task.yield() }
  }
}
