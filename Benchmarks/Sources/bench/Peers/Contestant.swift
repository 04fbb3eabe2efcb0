/// A program that keeps an account and a Maildir in sync while latencies are measured.
protocol Contestant: Sendable {
  /// What stands in the tables.
  var name: String { get }
  /// Whether it acts on changes in the Maildir at all.
  var watchesMaildir: Bool { get }
  /// How alike it keeps the two sides.
  var likeness: Likeness { get }
  /// Returns when both sides are in sync, and watched.
  func start() async throws
  /// Throws where it ended although nobody asked it to.
  func requireRunning() throws
  func stop() async throws
}
