import IMAP
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

@Suite("Watching a server")
struct WatchTests {
  static let traits = "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"
  static let pushedTraits = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"
  static let notify =
    "NOTIFY SET STATUS (SELECTED (MessageNew \(pushedTraits) MessageExpunge FlagChange))"
    + " (PERSONAL (MessageNew MessageExpunge FlagChange MailboxName))"

  /// A listing and a look, so that the store knows INBOX and another folder; uses the tags m3 to m5.
  private static let known = """
    C: m3 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))
    S: * LIST () "/" INBOX
    S: * LIST () "/" A
    S: * STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1 HIGHESTMODSEQ 5)
    S: * STATUS A (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1 HIGHESTMODSEQ 3)
    S: m3 OK done
    C: m4 SELECT "INBOX" (QRESYNC (1 5))
    C: m5 UID FETCH 2:* \(traits)
    S: * 1 EXISTS
    S: * OK [UIDVALIDITY 1] ok
    S: * OK [UIDNEXT 2] ok
    S: * OK [HIGHESTMODSEQ 5] ok
    S: m4 OK done
    S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)
    S: m5 OK done

    """

  static let server = preauthenticated("ENABLE QRESYNC NOTIFY IDLE LIST-EXTENDED LIST-STATUS") + known

  /// As `arm` does it, to the end.
  static let armed =
    server + """
      C: m6 NOOP
      C: m7 \(notify)
      S: m6 OK done
      S: * STATUS A (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1 HIGHESTMODSEQ 3)
      S: m7 OK done
      C: m8 IDLE
      S: + idling

      """

  @Loop
  static func arm(_ world: ScriptedStore) async throws -> [FolderName: WatchKind] {
    let other = try #require(FolderName("A"))
    _ = try await world.store.folders()
    _ = try await world.wide(since: MailboxCheckpoint(next: 2, modSeq: 5, count: 1))
    return try await world.store.watch([.inbox, other])
  }

  @Test("by NOTIFY hears of new mail with all that a look asks, and asks nothing")
  func notified() async throws {
    try await ScriptedStore.play(
      Self.armed + """
        -
        S: * 2 EXISTS
        S: * 2 FETCH (UID 2 FLAGS (\\Seen) RFC822.SIZE 9 INTERNALDATE "01-Jan-2020 00:00:00 +0000" ENVELOPE (NIL "a" NIL NIL NIL NIL NIL NIL NIL "<2@e>"))
        S: * VANISHED 1
        -
        S: * STATUS A (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1 HIGHESTMODSEQ 4)
        -
        S: * LIST () "/" New
        """
    ) { world in
      let kinds = try await Self.arm(world)
      #expect(Set(kinds.values) == [.notify])
      await world.streams[0].proceed()
      let told = try await world.store.nextEvents()
      #expect(told == [.changed(.inbox)])
      let look = try await world.store.look(at: .inbox, .pending)
      #expect(look.coverage == .changes)
      #expect(look.gone == [.uid(1)])
      #expect(look.present[.uid(2)]?.flags == FlagSet([.seen]))
      #expect(look.present[.uid(2)]?.traits?.wireSize == 9)
      #expect(look.present[.uid(2)]?.traits?.messageID == "<2@e>")
      let nothing = try await world.store.look(at: .inbox, .pending)
      #expect(nothing.isEmpty)
      await world.streams[0].proceed()
      let other = try await world.store.nextEvents()
      // It was never looked at: only a wide look will do.
      #expect(other == [.uncertain(try #require(FolderName("A")))])
      await world.streams[0].proceed()
      let folders = try await world.store.nextEvents()
      #expect(folders == [.foldersChanged])
    }
  }

  @Test(
    "the NOOP before work on the watched folder leaves in one write with DONE, and DONE never comes before the plus")
  func workInterrupts() async throws {
    var timing = IMAPTiming()
    timing.idleLinger = .zero
    try await ScriptedStore.play(
      preauthenticated("IDLE") + """
        C: m2 SELECT "INBOX"
        S: * 1 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m2 OK done
        C: m3 IDLE
        S: + idling
        C: DONE
        C: m4 NOOP
        S: m3 OK done
        S: m4 OK done
        C: m5 UID FETCH 1 (UID BODY.PEEK[])
        S: * 1 FETCH (UID 1 BODY[] "a")
        S: m5 OK done
        C: m6 IDLE
        -
        S: + idling
        C: DONE
        C: m7 NOOP
        S: m6 OK done
        S: m7 OK done
        C: m8 UID FETCH 1 (UID BODY.PEEK[])
        S: * 1 FETCH (UID 1 BODY[] "a")
        S: m8 OK done
        C: m9 IDLE
        """, timing: timing
    ) { world in
      _ = try await world.store.watch([.inbox])
      let stream = world.streams[0]
      func read() async throws {
        try await world.store.read([.uid(1)], in: .inbox) { _, result async throws(StoreError) in
          _ = try await result.get().next()
        }
      }
      try await read()
      #expect(stream.writes.suffix(2) == ["DONE\r\nm4 NOOP\r\n", "m5 UID FETCH 1 (UID BODY.PEEK[])\r\n"])
      await stream.hasReachedRest()
      let second = Loop.task { do { try await read() } catch { Issue.record(error) } }
      await world.settle()
      await stream.proceed()
      await second.value
      await world.settle()
    }
  }

  @Test("renews IDLE before anybody forgets it, and tells when the server does not answer any more")
  func renewal() async throws {
    var timing = IMAPTiming()
    timing.idleLinger = .zero
    timing.slowPoll = .seconds(3600)
    try await ScriptedStore.play(
      preauthenticated("IDLE") + """
        C: m2 SELECT "INBOX"
        S: * 0 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m2 OK done
        C: m3 IDLE
        S: + idling
        C: DONE
        C: m4 LIST "" "*"
        S: m3 OK done
        S: * LIST () "/" INBOX
        S: m4 OK done
        C: m5 IDLE
        S: + idling
        """,
      """
      S: * PREAUTH [CAPABILITY IMAP4rev1 IDLE] ready
      C: m1 SELECT "A"
      S: * 0 EXISTS
      S: * OK [UIDVALIDITY 1] ok
      S: m1 OK done
      C: m2 IDLE
      S: + idling
      -
      C: DONE
      S: m2 OK done
      C: m3 IDLE
      S: + idling
      -
      C: DONE
      """, timing: timing
    ) { world in
      _ = try await world.store.watch([.inbox, try #require(FolderName("A"))])
      await world.streams[1].proceed()
      await world.settle()
      world.clock.advance(by: .seconds(9 * 60))
      await world.streams[1].proceed()
      await world.settle()
      world.streams[0].isLeaving = true
      world.clock.advance(by: .seconds(9 * 60))
      await world.settle()
      world.clock.advance(by: .seconds(91))
      let error = await #expect(throws: StoreError.self) { _ = try await world.store.nextEvents() }
      #expect(error?.scope == .account)
    }
  }

  /// Dovecot's session dies of it (2.3.19: an assertion in cmd-copy.c).
  @Test("COPY and MOVE never come in one piece with DONE or NOOP", arguments: ["COPY", "MOVE"])
  func copyAfterIdle(command: String) async throws {
    var timing = IMAPTiming()
    timing.idleLinger = .seconds(9)
    try await ScriptedStore.play(
      preauthenticated("IDLE UIDPLUS MOVE") + """
        C: m2 SELECT "INBOX"
        S: * 1 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m2 OK done
        C: m3 IDLE
        S: + idling
        C: DONE
        C: m4 NOOP
        S: m3 OK done
        S: m4 OK done
        C: m5 UID \(command) 1 "A"
        S: \(command == "MOVE" ? "* 1 EXPUNGE" : "* 1 EXISTS")
        S: m5 OK [COPYUID 9 1 4] done

        """
        + (command == "MOVE" ? "C: m6 UID FETCH 1 (UID)\nS: m6 OK done\n" : ""), timing: timing
    ) { world in
      _ = try await world.store.watch([.inbox])
      let target = try #require(FolderName("A"))
      let placed =
        if command == "MOVE" {
          try await world.store.move([.uid(1)], from: .inbox, to: target).keys
        } else {
          try await world.store.copy([.uid(1)], from: .inbox, to: target)
        }
      #expect(placed == [.uid(1): .uid(4)])
    }
  }

  @Test("after a suspend a connection that is silent is dead, and says so soon")
  func suspended() async throws {
    try await ScriptedStore.play(
      preauthenticated("IDLE") + """
        C: m2 SELECT "INBOX"
        S: * 0 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m2 OK done
        C: m3 IDLE
        S: + idling
        C: DONE
        C: m4 NOOP
        """
    ) { world in
      _ = try await world.store.watch([.inbox])
      world.store.checkConnections()
      await world.settle()
      world.clock.advance(by: .seconds(11))
      let error = await #expect(throws: StoreError.self) { _ = try await world.store.nextEvents() }
      #expect(error?.scope == .account)
    }
  }

  @Test("IDLE that says nothing is found out by the slow poll, and counted")
  func silentIdle() async throws {
    try await ScriptedStore.play(
      preauthenticated("IDLE") + """
        C: m2 LIST "" "*"
        S: * LIST () "/" INBOX
        S: m2 OK done
        C: m3 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
        S: * STATUS INBOX (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1)
        S: m3 OK done
        C: m4 SELECT "INBOX"
        S: * 0 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m4 OK done
        C: m5 IDLE
        S: + idling
        """,
      """
      S: * PREAUTH [CAPABILITY IMAP4rev1 IDLE] ready
      C: m1 LIST "" "*"
      S: * LIST () "/" INBOX
      S: m1 OK done
      C: m2 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
      S: * STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1)
      S: m2 OK done
      """, timing: Self.rareRenewal
    ) { world in
      _ = try await world.store.folders()
      _ = try await world.store.watch([.inbox])
      await world.settle()
      world.clock.advance(by: .seconds(15 * 60))
      let events = try await world.store.nextEvents()
      #expect(events == [.uncertain(.inbox)])
      await world.settle()
      world.clock.advance(by: .seconds(6))
      await world.settle()
      #expect(world.store.pushMisses == 1)
      #expect(
        world.notices.told == ["INBOX: tunnel did not tell of a change by IDLE; asking every 15 minutes found it"])
    }
  }

  @Test("that begins on a connection which has just ended fails, and waits for nothing", .timeLimit(.minutes(1)))
  func endedMeanwhile() async throws {
    try await ScriptedStore.play(
      preauthenticated("IDLE") + """
        C: m2 SELECT "INBOX"
        S: * 0 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m2 OK done
        E:
        """
    ) { world in
      let error = await #expect(throws: StoreError.self) { _ = try await world.store.watch([.inbox]) }
      #expect(error?.scope == .account)
    }
  }

  private static var rareRenewal: IMAPTiming {
    var timing = IMAPTiming()
    timing.idleRenewal = IMAPTiming.idleRenewalMax
    return timing
  }

  /// What a server offers, and how it is watched then.
  static let plans: [(String, Int, WatchPlan)] = [
    ("IDLE NOTIFY", 5, .notify(on: ["INBOX", "A", "B", "C"].compactMap { FolderName($0) })), ("NOTIFY", 5, .poll),
    ("IDLE", 1, .idle([.inbox])), ("", 1, .poll),
    ("IDLE", 2, .idle([.inbox])), ("IDLE", 3, .idle([.inbox, FolderName("A") ?? .inbox])),
    ("IDLE", 4, .idle([.inbox, FolderName("A") ?? .inbox])), ("", 5, .poll),
  ]

  @Test("takes the best way that the server and the budget allow", arguments: plans)
  func plan(capabilities: String, budget: Int, expected: WatchPlan) throws {
    let folders = ["INBOX", "A", "B", "C"].compactMap { FolderName($0) }
    let features = ServerFeatures(
      capabilities: Capabilities(capabilities.split(separator: " ").map { Capability(String($0)) }), enabled: [],
      naming: MailboxNaming(delimiter: nil), host: nil)
    #expect(WatchPlan(folders, features, budget: budget, WatchPlan.Experience()) == expected)
  }
}

extension ScriptedStore {
  /// Lets everybody do what there is to do.
  func settle() async {
    for _ in 0..<100 { await Task.yield() }
  }
}
