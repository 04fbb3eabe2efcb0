import Support
import Synchronization

/// Breaks the network every minute for some seconds, by turns with resets and by silence, and restarts the server every
/// ten.
final class Trouble: Sendable {
  private let stage: Stage
  private let seed: UInt64
  private let counts = Mutex((cuts: 0, restarts: 0))

  private static let breakMax = 5_000

  init(_ stage: Stage, seed: UInt64) {
    self.stage = stage
    self.seed = seed
  }

  var cuts: Int { counts.withLock(\.cuts) }
  var restarts: Int { counts.withLock(\.restarts) }

  func stir(until end: Deadline) async throws {
    var dice = Dice(seed: seed)
    let start = ContinuousClock.now
    for minute in 1... {
      let next = start + .seconds(60 * minute) - .milliseconds(dice.below(30_000))
      guard next < end.instant else { return }
      try await Task.sleep(until: next, clock: .continuous)
      stage.network.become(dice.happens(50) ? .cut : .silent)
      try await Task.sleep(for: .milliseconds(dice.below(Self.breakMax)))
      if minute.isMultiple(of: 10) {
        try await stage.door.whileClosed { try await stage.server.restart() }
        counts.withLock { $0.restarts += 1 }
      }
      stage.network.become(.working)
      counts.withLock { $0.cuts += 1 }
    }
  }
}
