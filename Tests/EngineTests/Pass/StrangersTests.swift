import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

/// Two sides that hold the same messages and have no common past, found by simulated worlds.
@Suite("The same message on both sides")
struct StrangersTests {
  @Test("is one message, although its dates differ, as after other synchronizers (L3)")
  func otherDates() async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      for text in ["a", "b", "c"] {
        account.near.put(SimulatedMessage(text, date: InternalDate(secondsSince1970: 1_600_000_000)))
        account.far.put(SimulatedMessage(text, date: InternalDate(secondsSince1970: 1_700_000_000)))
      }
      let report = try await account.sync()
      #expect(account.near.contents().count == 3)
      #expect(account.far.contents().count == 3)
      #expect(report.counts.far.delivered == 0)
      #expect(report.counts.near.delivered == 0)
    }
  }
}
