import Mail
import Ports
import Reconciliation
import Testing

@testable import Engine

@Suite("Watching a server by NOTIFY")
struct NotifyTests {
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
    C: m5 UID FETCH 2:* \(WatchTests.traits)
    S: * 1 EXISTS
    S: * OK [UIDVALIDITY 1] ok
    S: * OK [UIDNEXT 2] ok
    S: * OK [HIGHESTMODSEQ 5] ok
    S: m4 OK done
    S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)
    S: m5 OK done

    """

  static let server = preauthenticated("ENABLE QRESYNC NOTIFY IDLE LIST-EXTENDED LIST-STATUS") + known

  /// As `arm` does it with one connection, to the end.
  static let armedAlone =
    server + """
      C: m6 NOOP
      C: m7 \(notify)
      S: m6 OK done
      S: * STATUS A (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1 HIGHESTMODSEQ 3)
      S: m7 OK done
      C: m8 IDLE
      S: + idling

      """

  /// Logged in like the first, but for the questions that are asked once.
  static let second = """
    S: * PREAUTH [CAPABILITY IMAP4rev1 ENABLE QRESYNC NOTIFY IDLE LIST-EXTENDED LIST-STATUS] ready
    C: m1 ENABLE QRESYNC
    S: * ENABLED QRESYNC
    S: m1 OK done

    """

  /// Nothing is selected there.
  static let notifier =
    second + """
      C: m2 \(notify)
      S: * STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1 HIGHESTMODSEQ 5)
      S: * STATUS A (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1 HIGHESTMODSEQ 3)
      S: m2 OK done
      C: m3 IDLE
      S: + idling

      """

  static let idler =
    server + """
      C: m6 NOOP
      C: m7 IDLE
      S: m6 OK done
      S: + idling

      """

  @Loop
  static func arm(_ world: ScriptedStore) async throws -> [FolderName: WatchKind] {
    let other = try #require(FolderName("A"))
    _ = try await world.store.folders()
    _ = try await world.wide(since: MailboxCheckpoint(next: 2, modSeq: 5, count: 1))
    return try await world.store.watch([.inbox, other])
  }

  @Test("by NOTIFY on the only connection hears of new mail with all that a look asks, and asks nothing")
  func notified() async throws {
    try await ScriptedStore.play(
      Self.armedAlone + """
        -
        S: * 2 EXISTS
        S: * 2 FETCH (UID 2 FLAGS (\\Seen) RFC822.SIZE 9 INTERNALDATE "01-Jan-2020 00:00:00 +0000" ENVELOPE (NIL "a" NIL NIL NIL NIL NIL NIL NIL "<2@e>"))
        S: * VANISHED 1
        -
        S: * STATUS A (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1 HIGHESTMODSEQ 4)
        -
        S: * LIST () "/" New
        """, maxConnections: 1
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

  @Test("by NOTIFY leaves the first folder to IDLE, which tells more of it")
  func notifiedBesides() async throws {
    try await ScriptedStore.play(
      Self.idler + """
        -
        S: * VANISHED 1
        """,
      Self.notifier + """
        -
        S: * STATUS INBOX (MESSAGES 0 UIDNEXT 2 UIDVALIDITY 1 HIGHESTMODSEQ 6)
        S: * STATUS A (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1 HIGHESTMODSEQ 4)
        """
    ) { world in
      let other = try #require(FolderName("A"))
      #expect(try await Self.arm(world) == [.inbox: .idle, other: .notify])
      await world.streams[1].proceed()
      #expect(try await world.store.nextEvents() == [.uncertain(other)])
      await world.streams[0].proceed()
      #expect(try await world.store.nextEvents() == [.changed(.inbox)])
      // For the same folders, or fewer, nothing is set anew.
      #expect(try await world.store.watch([.inbox, other]) == [.inbox: .idle, other: .notify])
      #expect(try await world.store.watch([.inbox]) == [.inbox: .idle])
    }
  }

  @Test("by NOTIFY alone where there is no room for another watcher, on a connection with nothing selected")
  func notifiedInLittleRoom() async throws {
    try await ScriptedStore.play(
      Self.server,
      Self.notifier + """
        -
        S: * STATUS INBOX (MESSAGES 0 UIDNEXT 2 UIDVALIDITY 1 HIGHESTMODSEQ 6)
        """, maxConnections: 2
    ) { world in
      let kinds = try await Self.arm(world)
      #expect(Set(kinds.values) == [.notify])
      await world.streams[1].proceed()
      let told = try await world.store.nextEvents()
      #expect(told == [.changed(.inbox)])
    }
  }

  @Test("by NOTIFY asks for less where the server refuses, and at last watches by IDLE")
  func notifyRefused() async throws {
    let refusals = ["m2", "m3", "m4"].map { "S: \($0) NO [BADEVENT] unsupported" }
    try await ScriptedStore.play(
      Self.idler,
      Self.second + """
        C: m2 \(Self.notify)
        \(refusals[0])
        C: m3 \(Self.notify.replacing(" MailboxName", with: ""))
        \(refusals[1])
        C: m4 \(Self.notify.replacing(" MailboxName", with: "").replacing(" FlagChange", with: ""))
        \(refusals[2])
        """, maxConnections: 2
    ) { world in
      let kinds = try await Self.arm(world)
      #expect(kinds == [.inbox: .idle, try #require(FolderName("A")): .poll])
    }
  }

  @Test("that the server has lost count of looks everywhere, and asks for NOTIFY again")
  func overflow() async throws {
    try await ScriptedStore.play(
      Self.idler,
      Self.notifier + """
        S: * OK [NOTIFICATIONOVERFLOW] too much
        C: DONE
        C: m4 \(Self.notify)
        S: m3 OK done
        S: m4 OK done
        """
    ) { world in
      _ = try await Self.arm(world)
      let events = try await world.store.nextEvents()
      #expect(events == [.everythingUncertain])
    }
  }
}
