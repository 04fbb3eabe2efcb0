import Mail
import Ports
import Reactor
import Simulation
import Testing

@testable import Engine

/// A peer that is dead, as far as one can tell: it takes what is sent, and says nothing.
@Suite("A server that falls silent")
struct SilenceTests {
  /// What becomes of a look that is taken now.
  @Loop
  private func failureOfLook(_ world: ScriptedStore) -> Task<StoreError?, Never> {
    Loop.task {
      do {
        _ = try await world.wide()
        return nil
      } catch {
        return error as? StoreError
      }
    }
  }

  @Test("is given up 90 s after its last octet, where an answer is due, and not a second before")
  func answerDue() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        C: m3 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])
        -
        S: * 1 EXISTS
        """
    ) { world in
      let looking = failureOfLook(world)
      await world.settle()
      world.clock.advance(by: .seconds(89))
      await world.settle()
      // A slow answer is an answer: the wait begins anew.
      await world.streams[0].proceed()
      await world.settle()
      world.clock.advance(by: .seconds(89))
      await world.settle()
      #expect(!world.store.pool.members.contains { !$0.isOpen })
      world.clock.advance(by: .seconds(2))
      let error = await looking.value
      #expect(error?.scope == .account)
      #expect(error?.kind == .unavailable)
      #expect(error?.text.contains("no answer for 90 s") == true)
    }
  }

  @Test("while nothing is due is left alone")
  func nothingDue() async throws {
    try await ScriptedStore.play(preauthenticated("")) { world in
      await world.settle()
      world.clock.advance(by: .seconds(200))
      await world.settle()
      #expect(world.store.pool.members.count == 1)
      #expect(!world.store.pool.members.contains { !$0.isOpen })
    }
  }

  @Test("and one that says something now and then, and never comes to an end, is given up after ten minutes (L12)")
  func dripping() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        C: m3 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])
        """ + String(repeating: "\n-\nS: * OK still here", count: 9)
    ) { world in
      let looking = failureOfLook(world)
      await world.settle()
      for _ in 1...9 {
        world.clock.advance(by: .seconds(60))
        await world.settle()
        #expect(!world.store.pool.members.contains { !$0.isOpen })
        await world.streams[0].proceed()
        await world.settle()
      }
      world.clock.advance(by: .seconds(60))
      let error = await looking.value
      #expect(error?.text.contains("no end of an answer in 600 s") == true)
    }
  }
}
