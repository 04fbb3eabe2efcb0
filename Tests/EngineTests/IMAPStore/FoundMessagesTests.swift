import IMAP
import Mail
import Ports
import Reactor
import Testing

@testable import Engine

@Suite("What SEARCH finds")
struct FoundMessagesTests {
  @Test("is believed up to a limit of ranges, over all answers, and beyond it is no answer (L8, L12)")
  func flood() async throws {
    try await Reactor.onShared {
      let store = ScriptedStore([]).store
      for (limit, isReadable) in [(3, false), (4, true), (5, true)] {
        let found = FoundMessages(rangesMax: limit)
        #expect(found.take(.search([1, 3, 5])))
        #expect(found.take(.search([7])))
        if isReadable {
          let uids = try found.uids(in: .inbox, of: store)
          #expect(uids == [1, 3, 5, 7])
        } else {
          #expect(throws: StoreError.self) { try found.uids(in: .inbox, of: store) }
        }
      }
    }
  }

  @Test("is put in order once, however many answers tell of it (L12)", .timeLimit(.minutes(1)))
  func manyAnswers() async throws {
    try await Reactor.onShared {
      let found = FoundMessages()
      for number in (1...200_000 as ClosedRange<UInt32>).reversed() {
        _ = found.take(.search(UIDSet([UID(rawValue: 2 * number)].compactMap(\.self))))
      }
      let uids = try found.uids(in: .inbox, of: ScriptedStore([]).store)
      #expect(uids.count == 200_000)
    }
  }
}
