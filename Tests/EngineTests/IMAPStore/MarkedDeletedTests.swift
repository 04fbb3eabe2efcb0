import Mail
import Ports
import Reconciliation
import Simulation
import Testing

@testable import Engine

@Suite("A watch of messages that are marked \\Deleted")
struct MarkedDeletedTests {
  @Test("hears of a message that is marked \\Deleted and expunged at once as of one change")
  func markedAndExpunged() async throws {
    try await ScriptedStore.play(
      WatchTests.armed + """
        -
        S: * 2 EXISTS
        S: * 2 FETCH (UID 2 FLAGS () RFC822.SIZE 9 INTERNALDATE "01-Jan-2020 00:00:00 +0000" ENVELOPE (NIL "a" NIL NIL NIL NIL NIL NIL NIL "<2@e>"))
        -
        S: * 1 FETCH (UID 1 FLAGS (\\Deleted))
        -
        S: * VANISHED 1
        -
        S: * 2 EXISTS
        S: * 2 FETCH (UID 3 FLAGS (\\Deleted) RFC822.SIZE 9 INTERNALDATE "01-Jan-2020 00:00:00 +0000" ENVELOPE (NIL "a" NIL NIL NIL NIL NIL NIL NIL "<3@e>"))
        -
        S: * 2 FETCH (UID 3 FLAGS (\\Deleted \\Seen))
        """
    ) { world in
      _ = try await WatchTests.arm(world)
      await world.streams[0].proceed()
      #expect(try await world.store.nextEvents() == [.changed(.inbox)])
      #expect(try await world.store.look(at: .inbox, .pending).present[.uid(2)]?.flags == FlagSet.none)
      await world.streams[0].proceed()
      await world.settle()
      #expect(await world.eventsTold().isEmpty)
      await world.streams[0].proceed()
      #expect(try await world.store.nextEvents() == [.changed(.inbox)])
      #expect(try await world.store.look(at: .inbox, .pending) == Look(coverage: .changes, gone: [.uid(1)]))
      // New mail waits for nothing, however it is marked.
      await world.streams[0].proceed()
      #expect(try await world.store.nextEvents() == [.changed(.inbox)])
      #expect(try await world.store.look(at: .inbox, .pending).present[.uid(3)]?.flags == FlagSet(.deleted))
      // One that stays is told of soon.
      await world.streams[0].proceed()
      await world.settle()
      #expect(await world.eventsTold().isEmpty)
      world.clock.advance(by: .milliseconds(10))
      #expect(try await world.store.nextEvents() == [.changed(.inbox)])
    }
  }
}
