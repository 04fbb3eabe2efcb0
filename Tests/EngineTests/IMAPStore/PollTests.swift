import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

@Suite("Asking a server now and then")
struct PollTests {
  private static let states = "RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY))"
  private static let inboxState = "STATUS INBOX (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1)"

  /// A server of IDLE and LIST-STATUS, watched, with INBOX as its only folder.
  private static let idling =
    preauthenticated("IDLE LIST-EXTENDED LIST-STATUS") + """
      C: m2 LIST "" "*" \(states)
      S: * LIST () "/" INBOX
      S: * \(inboxState)
      S: m2 OK done
      C: m3 SELECT "INBOX"
      S: * 0 EXISTS
      S: * OK [UIDVALIDITY 1] ok
      S: m3 OK done
      C: m4 IDLE
      S: + idling

      """

  private static var withoutLinger: IMAPTiming {
    var timing = IMAPTiming()
    timing.idleLinger = .zero
    return timing
  }

  @Test("finds a folder that came without NOTIFY, by one command in the place of a renewal")
  func folderCame() async throws {
    try await ScriptedStore.play(
      Self.idling + """
        C: DONE
        C: m5 LIST "" "*" \(Self.states)
        S: m4 OK done
        S: * LIST () "/" INBOX
        S: * \(Self.inboxState)
        S: * LIST () "/" New
        S: * STATUS New (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 2)
        S: m5 OK done
        C: m6 IDLE
        S: + idling
        """, timing: Self.withoutLinger
    ) { world in
      _ = try await world.store.folders()
      _ = try await world.store.watch([.inbox])
      await world.settle()
      // Nobody is woken before, and nothing but the watcher is used.
      world.clock.advance(by: .seconds(449))
      await world.settle()
      #expect(world.streams[0].writes.last == "m4 IDLE\r\n")
      world.clock.advance(by: .seconds(1))
      let events = await world.eventsTold()
      #expect(events == [.foldersChanged])
      #expect(world.streams[0].writes.contains("DONE\r\nm5 LIST \"\" \"*\" \(Self.states)\r\n"))
      await world.settle()
      // The new IDLE is renewed by the next asking, not by itself.
      world.clock.advance(by: .seconds(449))
      await world.settle()
    }
  }

  @Test("finds a folder that went without NOTIFY")
  func folderWent() async throws {
    try await ScriptedStore.play(
      preauthenticated("IDLE LIST-EXTENDED LIST-STATUS") + """
        C: m2 LIST "" "*" \(Self.states)
        S: * LIST () "/" INBOX
        S: * LIST () "/" Old
        S: m2 OK done
        C: m3 SELECT "INBOX"
        S: * 0 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m3 OK done
        C: m4 IDLE
        S: + idling
        C: DONE
        C: m5 LIST "" "*" \(Self.states)
        S: m4 OK done
        S: * LIST () "/" INBOX
        S: m5 OK done
        C: m6 IDLE
        S: + idling
        """, timing: Self.withoutLinger
    ) { world in
      _ = try await world.store.folders()
      _ = try await world.store.watch([.inbox])
      await world.settle()
      world.clock.advance(by: .seconds(450))
      let events = await world.eventsTold()
      #expect(events == [.foldersChanged])
      await world.settle()
    }
  }

  @Test("asks for names together with the states of folders without push, where LIST does not tell these")
  func namesBesideStates() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 LIST "" "*"
        S: * LIST () "/" INBOX
        S: m2 OK done
        C: m3 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
        S: * \(Self.inboxState)
        S: m3 OK done
        C: m4 LIST "" "*"
        C: m5 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
        S: * LIST () "/" INBOX
        S: * LIST () "/" New
        S: m4 OK done
        S: * STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1)
        S: m5 OK done
        """
    ) { world in
      _ = try await world.store.folders()
      _ = try await world.store.watch([.inbox])
      await world.settle()
      world.clock.advance(by: .seconds(60))
      await world.settle()
      let events = await world.eventsTold()
      #expect(events == [.foldersChanged, .uncertain(.inbox)])
    }
  }

  @Test("a name that only its STATUS tells to be gone is no news each time that names alone are asked for")
  func phantom() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 LIST "" "*"
        S: * LIST () "/" INBOX
        S: * LIST (\\HasChildren) "/" Old
        S: m2 OK done
        C: m3 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
        C: m4 STATUS "Old" (MESSAGES UIDNEXT UIDVALIDITY)
        S: * \(Self.inboxState)
        S: m3 OK done
        S: m4 NO Mailbox doesn't exist: Old
        C: m5 LIST "" "*"
        C: m6 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
        S: * LIST () "/" INBOX
        S: * LIST (\\HasChildren) "/" Old
        S: m5 OK done
        S: * \(Self.inboxState)
        S: m6 OK done
        """
    ) { world in
      let entries = try await world.store.folders()
      #expect(entries.filter(\.holdsMessages).map(\.name) == [.inbox])
      _ = try await world.store.watch([.inbox])
      await world.settle()
      world.clock.advance(by: .seconds(60))
      #expect(await world.eventsTold() == [])
    }
  }

  @Test("believes nothing of the selected mailbox's state before its connection was shown all, by a NOOP of its own")
  func selected() async throws {
    try await ScriptedStore.play(
      preauthenticated("LIST-EXTENDED LIST-STATUS") + """
        C: m2 LIST "" "*" \(Self.states)
        S: * LIST () "/" INBOX
        S: * \(Self.inboxState)
        S: m2 OK done
        C: m3 SELECT "INBOX"
        C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])
        S: * 0 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: * OK [UIDNEXT 1] ok
        S: m3 OK done
        S: m4 OK done
        C: m5 NOOP
        S: * 1 EXISTS
        S: m5 OK done
        C: m6 LIST "" "*" \(Self.states)
        S: * LIST () "/" INBOX
        S: * STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1)
        S: m6 OK done
        """
    ) { world in
      _ = try await world.store.folders()
      _ = try await world.wide()
      let entries = try await world.store.folders()
      #expect(entries.first?.checkpoint == .imap(MailboxCheckpoint(next: 2, count: 1)))
      // What the NOOP told is told on.
      #expect(await world.eventsTold() == [.changed(.inbox)])
    }
  }

  @Test("believes no state of the folder that the asked connection watches, and does not wait for it")
  func watched() async throws {
    try await ScriptedStore.play(
      Self.idling + """
        C: DONE
        C: m5 LIST "" "*" \(Self.states)
        S: m4 OK done
        S: * LIST () "/" INBOX
        S: * STATUS INBOX (MESSAGES 7 UIDNEXT 8 UIDVALIDITY 1)
        S: m5 OK done
        C: m6 IDLE
        S: + idling
        """, timing: Self.withoutLinger
    ) { world in
      _ = try await world.store.folders()
      _ = try await world.store.watch([.inbox])
      await world.settle()
      world.clock.advance(by: .seconds(450))
      #expect(await world.eventsTold() == [])
      await world.settle()
    }
  }

  @Test("counts a push that did not come also where the asking itself brought the change to light")
  func missedBeside() async throws {
    var timing = IMAPTiming()
    timing.idleRenewal = IMAPTiming.idleRenewalMax
    timing.staleAfter = .seconds(3600)
    try await ScriptedStore.play(
      Self.idling,
      """
      S: * PREAUTH [CAPABILITY IMAP4rev1 IDLE LIST-EXTENDED LIST-STATUS] ready
      C: m1 SELECT "INBOX"
      C: m2 UID FETCH 1:* \(LookTests.traits)
      S: * 0 EXISTS
      S: * OK [UIDVALIDITY 1] ok
      S: * OK [UIDNEXT 1] ok
      S: m1 OK done
      S: m2 OK done
      C: m3 NOOP
      S: * 1 EXISTS
      S: m3 OK done
      C: m4 LIST "" "*" \(Self.states)
      S: * LIST () "/" INBOX
      S: * STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1)
      S: m4 OK done
      """, timing: timing
    ) { world in
      _ = try await world.store.folders()
      _ = try await world.store.watch([.inbox])
      await world.settle()
      _ = try await world.wide()
      world.clock.advance(by: .seconds(15 * 60))
      #expect(await world.eventsTold() == [.changed(.inbox)])
      world.clock.advance(by: .seconds(6))
      await world.settle()
      #expect(world.store.pushMisses == 1)
    }
  }
}
