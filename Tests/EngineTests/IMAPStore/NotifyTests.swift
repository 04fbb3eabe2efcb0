import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// What becomes of a watch by NOTIFY.
extension WatchTests {
  @Test("by NOTIFY asks for less where the server refuses, and at last watches by IDLE")
  func notifyRefused() async throws {
    let refusals = ["m7", "m8", "m9"].map { "S: \($0) NO [BADEVENT] unsupported" }
    try await ScriptedStore.play(
      Self.server + """
        C: m6 NOOP
        C: m7 \(Self.notify)
        S: m6 OK done
        \(refusals[0])
        C: m8 \(Self.notify.replacing(" MailboxName", with: ""))
        \(refusals[1])
        C: m9 \(Self.notify.replacing(" MailboxName", with: "").replacing(" FlagChange", with: ""))
        \(refusals[2])
        C: m10 NOOP
        C: m11 IDLE
        S: m10 OK done
        S: + idling
        """, maxConnections: 2
    ) { world in
      let kinds = try await Self.arm(world)
      #expect(kinds == [.inbox: .idle, try #require(FolderName("A")): .poll])
    }
  }

  @Test("by NOTIFY shows nothing as new that was moved away before anybody looked (L3)")
  func movedAway() async throws {
    var timing = IMAPTiming()
    timing.idleLinger = .zero
    try await ScriptedStore.play(
      Self.armed.replacing(" NOTIFY", with: " NOTIFY UIDPLUS MOVE", maxReplacements: 1) + """
        -
        S: * 2 EXISTS
        S: * 2 FETCH (UID 2 FLAGS () RFC822.SIZE 9 INTERNALDATE "01-Jan-2020 00:00:00 +0000" ENVELOPE (NIL "a" NIL NIL NIL NIL NIL NIL NIL "<2@e>"))
        C: DONE
        C: m9 NOOP
        S: m8 OK done
        S: m9 OK done
        C: m10 UID MOVE 2 "A"
        S: * VANISHED 2
        S: m10 OK [COPYUID 1 2 1] done
        C: m11 UID FETCH 2 (UID)
        S: m11 OK done
        """, timing: timing
    ) { world in
      _ = try await Self.arm(world)
      await world.streams[0].proceed()
      #expect(try await world.store.nextEvents() == [.changed(.inbox)])
      let moved = try await world.store.move([.uid(2)], from: .inbox, to: try #require(FolderName("A")))
      #expect(moved.keys == [.uid(2): .uid(1)])
      #expect(try await world.store.look(at: .inbox, .pending).present.isEmpty)
    }
  }

  @Test("that the server has lost count of looks everywhere, and asks for NOTIFY again")
  func overflow() async throws {
    try await ScriptedStore.play(
      Self.server + """
        C: m6 NOOP
        C: m7 \(Self.notify)
        S: m6 OK done
        S: m7 OK done
        C: m8 IDLE
        S: + idling
        S: * OK [NOTIFICATIONOVERFLOW] too much
        C: DONE
        C: m9 NOTIFY NONE
        C: m10 \(Self.notify.replacing("SET STATUS", with: "SET"))
        S: m8 OK done
        S: m9 OK done
        S: m10 OK done
        """
    ) { world in
      _ = try await Self.arm(world)
      let events = try await world.store.nextEvents()
      #expect(events == [.everythingUncertain])
    }
  }

  @Test("that the server has lost count many times asks for NOTIFY again once, and once for what comes since (L12)")
  func overflows() async throws {
    let overflows = Array(repeating: "S: * OK [NOTIFICATIONOVERFLOW] too much", count: 1_000).joined(separator: "\n")
    let notify = Self.notify.replacing("SET STATUS", with: "SET")
    try await ScriptedStore.play(
      Self.server + """
        C: m6 NOOP
        C: m7 \(Self.notify)
        S: m6 OK done
        S: m7 OK done
        C: m8 IDLE
        S: + idling
        \(overflows)
        C: DONE
        C: m9 NOTIFY NONE
        C: m10 \(notify)
        S: m8 OK done
        \(overflows)
        S: m9 OK done
        S: m10 OK done
        C: m11 NOTIFY NONE
        C: m12 \(notify)
        S: m11 OK done
        S: m12 OK done
        """
    ) { world in
      _ = try await Self.arm(world)
      var told: [StoreEvent] = []
      while told.count < 2 { told += try await world.store.nextEvents() }
      #expect(told == [.everythingUncertain, .everythingUncertain])
      await world.settle()
    }
  }

  /// Dovecot (2.3.19) tells late after it has begun a new log, until NOTIFY is set anew.
  @Test("by NOTIFY asks anew some time after a change was told, and once for many")
  func notifyRenewed() async throws {
    var timing = IMAPTiming()
    timing.idleLinger = .zero
    try await ScriptedStore.play(
      Self.armed + """
        S: * STATUS A (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1 HIGHESTMODSEQ 4)
        S: * STATUS A (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 1 HIGHESTMODSEQ 5)
        C: DONE
        C: m9 NOTIFY NONE
        C: m10 \(Self.notify.replacing("SET STATUS", with: "SET"))
        S: m8 OK done
        S: m9 OK done
        S: m10 OK done
        C: m11 IDLE
        S: + idling
        """,
      """
      S: * PREAUTH [CAPABILITY IMAP4rev1 ENABLE QRESYNC NOTIFY IDLE LIST-EXTENDED LIST-STATUS] ready
      C: m1 ENABLE QRESYNC
      S: * ENABLED QRESYNC
      S: m1 OK done
      C: m2 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))
      S: * LIST () "/" INBOX
      S: * STATUS INBOX (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 1 HIGHESTMODSEQ 6)
      S: * LIST () "/" A
      S: * STATUS A (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 1 HIGHESTMODSEQ 6)
      S: * LIST () "/" B
      S: * STATUS B (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1 HIGHESTMODSEQ 1)
      S: m2 OK done
      """, timing: timing
    ) { world in
      _ = try await Self.arm(world)
      let other = try #require(FolderName("A"))
      #expect(try await world.store.nextEvents() == [.uncertain(other)])
      await world.settle()
      world.clock.advance(by: timing.notifyRenewal)
      // What it tells then is news like any other, and no reason to ask once more. What came in the moment before is not
      // told any more, and so asked for; it is no miss.
      var told: Set<StoreEvent> = []
      while told.count < 3 { told.formUnion(try await world.store.nextEvents()) }
      #expect(told == [.changed(.inbox), .uncertain(other), .foldersChanged])
      await world.settle()
      world.clock.advance(by: timing.notifyRenewal)
      await world.settle()
      #expect(world.store.watching.pushMisses == 0)
    }
  }

  @Test("by NOTIFY asks for all folders where one goes that it never heard of, but not for one that it removed itself")
  func unknownNameGone() async throws {
    try await ScriptedStore.play(
      Self.armed + """
        -
        S: * LIST (\\NonExistent) "/" Ours
        -
        S: * LIST (\\NonExistent) "/" Brief
        """
    ) { world in
      _ = try await Self.arm(world)
      world.store.watching.wasRemoved(try #require(FolderName("Ours")))
      await world.streams[0].proceed()
      #expect(await world.eventsTold() == [])
      await world.streams[0].proceed()
      #expect(await world.eventsTold() == [.foldersChanged])
    }
  }

  @Test(
    "by NOTIFY asks for all folders where one goes that was made again since it removed it", arguments: [true, false])
  func madeAgainAndGone(isOurs: Bool) async throws {
    try await ScriptedStore.play(
      Self.armed + """
        -
        S: * LIST (\\NonExistent) "/" Ours
        """
    ) { world in
      _ = try await Self.arm(world)
      let (folder, watching) = (try #require(FolderName("Ours")), world.store.watching)
      watching.wasRemoved(folder)
      if isOurs { watching.wasCreated(folder) } else { watching.namesWereTold([.inbox, folder], phantoms: []) }
      await world.streams[0].proceed()
      #expect(await world.eventsTold() == [.foldersChanged])
    }
  }

  @Test("ends with a watch of which the server says that it has failed inside")
  func internalError() async throws {
    try await ScriptedStore.play(
      Self.armed + """
        -
        S: * NO Internal error occurred. Refer to server log for more information.
        """
    ) { world in
      _ = try await Self.arm(world)
      await world.streams[0].proceed()
      let error = await #expect(throws: StoreError.self) { _ = try await world.store.nextEvents() }
      #expect(error?.scope == .account && error?.kind == .unavailable)
    }
  }
}
