/// How long to wait before trying again: at once after the first failure, then doubling, with jitter so that many
/// clients of a restarted server do not come back together.
package struct Backoff: Equatable, Sendable {
  package struct Policy: Hashable, Sendable {
    package let first: Duration
    package let limit: Duration
    /// True where the very first retry is made at once.
    package let startsAtOnce: Bool

    package init(first: Duration, limit: Duration, startsAtOnce: Bool) {
      self.first = first
      self.limit = limit
      self.startsAtOnce = startsAtOnce
    }

    /// A lost connection: usually back in a moment.
    package static let connection = Policy(first: .seconds(1), limit: .seconds(300), startsAtOnce: true)
    /// A refused login: trying often locks accounts.
    package static let login = Policy(first: .seconds(300), limit: .seconds(3600), startsAtOnce: false)
    /// What a pass left to the next one.
    package static let postponed = Policy(first: .seconds(1), limit: .seconds(300), startsAtOnce: false)
    /// One folder, or what a person has to mend.
    package static let folder = Policy(first: .seconds(5), limit: .seconds(300), startsAtOnce: false)
  }

  package private(set) var failures = 0

  package init() {}

  /// The wait after one more failure. `jitter` is drawn from 0..<1.
  package mutating func next(_ policy: Policy, jitter: Double) -> Duration {
    failures += 1
    let steps = policy.startsAtOnce ? failures - 2 : failures - 1
    guard steps >= 0 else { return .zero }
    let doubled = policy.first * (1 << min(steps, 20))
    let wait = min(doubled, policy.limit)
    return wait * (0.75 + 0.5 * jitter)
  }

  /// After success; or where so many failures are still to be counted.
  package mutating func reset(to failures: Int = 0) { self.failures = failures }
}
