import Reconciliation
import Testing

@Suite("The brake")
struct BrakeTests {
  /// Twenty go freely; beyond, more than half of the folder does not (law L9).
  @Test(
    "holds more than twenty and more than half",
    arguments: [
      (20, 20, 0, false), (21, 42, 0, false), (21, 41, 0, true), (21, 21, 0, true), (1, 1, 0, false), (0, 0, 0, false),
      (1, 10, 20, true), (1, 30, 20, false), (5, 10, 30, true),
    ])
  func limits(count: Int, total: Int, recent: Int, holds: Bool) {
    #expect(Brake().holds(count, of: total, recent: recent) == holds)
  }
}
