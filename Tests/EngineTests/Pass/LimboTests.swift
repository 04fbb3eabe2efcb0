import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

@Suite("What is kept of deleted messages")
struct LimboTests {
  @Test("is one pass's at a time, whether that takes it back or lets it go")
  func taken() async throws {
    try await Reactor.onShared {
      let ledger = SimulatedLedger(faults: Faults())
      let identity = SimulatedMessage("a").identity
      let date = InternalDate(secondsSince1970: 9)
      let traits = MessageTraits(wireSize: identity.wireSize, date: date, messageID: identity.messageID)
      let wanted = try #require(DatedTraits(Observation(flags: .none, traits: traits)))
      let entry = LimboEntry(key: .file("x"), identity: identity, date: date, since: 5)
      let limbo = Limbo()
      #expect(try limbo.take(wanted, from: ledger) == nil)
      try ledger.commit([.addLimbo(entry)])
      #expect(try limbo.take(wanted, from: ledger) == entry)
      #expect(try limbo.take(wanted, from: ledger) == nil)
      #expect(try limbo.take(keptBefore: 6, from: ledger).isEmpty)
      limbo.giveBack([entry])
      #expect(try limbo.take(keptBefore: 5, from: ledger).isEmpty)
      #expect(try limbo.take(keptBefore: 6, from: ledger) == [entry])
      #expect(try limbo.take(wanted, from: ledger) == nil)
    }
  }
}
