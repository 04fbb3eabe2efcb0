/// Something that is tried again, one try at a time, and ever more seldom until it succeeds.
struct PacedRetry {
  private let policy: Backoff.Policy
  private var backoff = Backoff()
  private var isPlanned = false

  init(_ policy: Backoff.Policy) { self.policy = policy }

  /// How long to wait for the next try; nil where one is planned already.
  mutating func plan(jitter: Double) -> Duration? {
    guard !isPlanned else { return nil }
    isPlanned = true
    return backoff.next(policy, jitter: jitter)
  }

  /// The try begins.
  mutating func begin() { isPlanned = false }

  mutating func succeeded() { backoff.reset() }
}
