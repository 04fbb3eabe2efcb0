import Mail
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

@Suite("Sizes that add up to no number (law L12)")
struct AbsurdSizesTests {
  @Test("are counted up to the largest one, and the messages are brought (L11)", arguments: [1, 2, 3])
  func messages(_ count: Int) async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      // Without a Message-ID on both sides: then their sizes also say whether they are few enough to be read.
      account.near.put(SimulatedMessage("?written here"))
      for number in 1...count {
        var message = SimulatedMessage("?\(number)")
        message.added = (1 << 62) - message.identity.wireSize
        account.far.put(message)
      }
      let report = try await account.sync()
      #expect(report.isClean && report.counts.near.delivered == count)
      let expected = account.recorder.events.compactMap { event in
        if case .progress(let progress) = event { progress.bytesTotal } else { nil }
      }
      #expect(expected.max() == (count == 1 ? 1 << 62 : .max))
    }
  }
}
