import IMAP
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// A connection that watches, and is needed for something else.
@Suite("A watcher")
struct WatcherTests {
  @Test("by NOTIFY goes on from a folder that is removed: all others are told of by it")
  func movesOn() async throws {
    try await ScriptedStore.play(
      WatchTests.server + """
        C: m6 SELECT "A"
        S: * 0 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m6 OK done
        C: m7 \(WatchTests.notify)
        S: m7 OK done
        C: m8 IDLE
        S: + idling
        C: DONE
        C: m9 SELECT "INBOX"
        S: m8 OK done
        S: * 1 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m9 OK done
        C: m10 IDLE
        S: + idling
        -
        S: * VANISHED 1
        """,
      """
      S: * PREAUTH [CAPABILITY IMAP4rev1 LIST-EXTENDED LIST-STATUS] ready
      C: m1 LIST "" "A/%"
      S: m1 OK done
      C: m2 STATUS "A" (MESSAGES)
      S: * STATUS A (MESSAGES 0)
      S: m2 OK done
      C: m3 DELETE "A"
      S: m3 OK done
      C: m4 UNSUBSCRIBE "A"
      S: m4 OK done
      """
    ) { world in
      let folder = try #require(FolderName("A"))
      _ = try await world.store.folders()
      _ = try await world.wide(since: MailboxCheckpoint(next: 2, modSeq: 5, count: 1))
      #expect(try await world.store.watch([folder, .inbox]).values.allSatisfy { $0 == .notify })
      try await world.store.removeFolder(folder)
      // What SELECT has told in silence is looked for.
      let told = try await world.store.nextEvents()
      #expect(told == [.changed(.inbox)])
      await world.settle()
      world.clock.advance(by: .seconds(1))
      await world.settle()
      await world.streams[0].proceed()
      let news = try await world.store.nextEvents()
      #expect(news == [.uncertain(.inbox)])
    }
  }

  @Test("that was called away while it selected its folder again selects it once more, and tells (L2)")
  func calledAway() async throws {
    var timing = IMAPTiming()
    timing.idleLinger = .zero
    try await ScriptedStore.play(
      preauthenticated("IDLE") + """
        C: m2 SELECT "INBOX"
        S: * 0 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m2 OK done
        C: m3 IDLE
        S: + idling
        C: DONE
        C: m4 SELECT "A"
        C: m5 UID FETCH 1:* \(LookTests.traits)
        S: m3 OK done
        S: * 0 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m4 OK done
        S: m5 OK done
        C: m6 SELECT "INBOX"
        C: m7 CREATE "B"
        -
        S: * 1 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m6 OK done
        S: m7 OK done
        C: m8 SUBSCRIBE "B"
        S: m8 OK done
        C: m9 SELECT "INBOX"
        S: * 1 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m9 OK done
        C: m10 IDLE
        """, timing: timing, maxConnections: 1
    ) { world in
      _ = try await world.store.watch([.inbox])
      _ = try await world.wide(try #require(FolderName("A")))
      await world.settle()
      let other = Loop.task { do { try await world.store.createFolder(.named("B")) } catch { Issue.record(error) } }
      await world.settle()
      await world.streams[0].proceed()
      await other.value
      #expect(try await world.store.nextEvents() == [.uncertain(.inbox)])
      await world.settle()
    }
  }

  @Test("or a worker asks by what its own connection was granted, also where another has got more")
  func granted() async throws {
    try await ScriptedStore.play(
      preauthenticated("ENABLE CONDSTORE") + """
        C: m3 SELECT "INBOX" (CONDSTORE)
        C: m4 UID FETCH 2:* \(LookTests.traits)
        C: m5 UID FETCH 1 (UID FLAGS) (CHANGEDSINCE 5)
        -
        S: * 0 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m3 OK done
        S: m4 OK done
        S: m5 OK done
        C: m6 SELECT "INBOX" (CONDSTORE)
        C: m7 UID FETCH 2:* \(LookTests.traits)
        C: m8 UID FETCH 1 (UID FLAGS) (CHANGEDSINCE 5)
        S: * 0 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m6 OK done
        S: m7 OK done
        S: m8 OK done
        """,
      """
      S: * PREAUTH [CAPABILITY IMAP4rev1 ENABLE QRESYNC] ready
      C: m1 ENABLE QRESYNC
      S: * ENABLED QRESYNC
      S: m1 OK done
      C: m2 SELECT "A" (QRESYNC (1 5))
      C: m3 UID FETCH 2:* \(LookTests.traits)
      S: * 0 EXISTS
      S: * OK [UIDVALIDITY 1] ok
      S: m2 OK done
      S: m3 OK done
      """
    ) { world in
      let since = MailboxCheckpoint(next: 2, modSeq: 5, count: 0)
      let first = Loop.task { do { _ = try await world.wide(since: since) } catch { Issue.record(error) } }
      await world.streams[0].hasReachedRest()
      _ = try await world.wide(.named("A"), since: since)
      await world.streams[0].proceed()
      await first.value
      _ = try await world.wide(since: since)
    }
  }
}

extension FolderName {
  /// Of a name that is one.
  fileprivate static func named(_ text: String) -> FolderName { FolderName(text) ?? .inbox }
}
