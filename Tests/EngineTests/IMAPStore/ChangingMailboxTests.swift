import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// The moments in which it is not yet known, or not any more, what a server's words are about.
@Suite("Between two mailboxes")
struct ChangingMailboxTests {
  private static let traits = WatchTests.traits

  @Test("half a listing under a new UIDVALIDITY is an error, and no numbering is taken over (L8)")
  func halfAListing() async throws {
    var script =
      preauthenticated("ENABLE QRESYNC") + """
        C: m3 SELECT "INBOX" (QRESYNC (1 5))
        C: m4 UID FETCH 3:* \(Self.traits)
        S: * 2 EXISTS
        S: * OK [UIDVALIDITY 2] ok
        S: * OK [UIDNEXT 3] ok
        S: * OK [HIGHESTMODSEQ 1] ok
        S: m3 OK done
        S: m4 OK done

        """
    // Each time another message is counted and not shown.
    for attempt in 0..<3 {
      script += """
        C: m\(5 + attempt) UID FETCH 1:* \(Self.traits)
        S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)
        S: m\(5 + attempt) OK done

        """
    }
    try await ScriptedStore.play(script) { world in
      let error = await #expect(throws: StoreError.self) {
        _ = try await world.wide(since: MailboxCheckpoint(next: 3, modSeq: 5, count: 2))
      }
      #expect(error?.scope == .folder)
      #expect(error?.text.contains("its numbering changed") == true)
      #expect(world.store.memories[.inbox]?.validity != UIDValidity(rawValue: 2))
    }
  }

  @Test("a renumbered mailbox shows all traits also where a server can only list (L3)")
  func renumberedListing() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        C: m3 UID FETCH 3:* \(Self.traits)
        C: m4 UID FETCH 1:2 (UID FLAGS)
        S: * 1 EXISTS
        S: * OK [UIDVALIDITY 2] ok
        S: * OK [UIDNEXT 2] ok
        S: m2 OK [READ-WRITE] done
        S: m3 OK done
        S: * 1 FETCH (UID 1 FLAGS ())
        S: m4 OK done
        C: m5 UID FETCH 1:* \(Self.traits)
        S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)
        S: m5 OK done
        """
    ) { world in
      let look = try await world.wide(since: MailboxCheckpoint(next: 3, count: 2))
      #expect(look.coverage == .complete)
      #expect(look.present[.uid(1)]?.traits?.wireSize == 7)
    }
  }

  @Test("the last news of the old one are not the new one's", arguments: ["S: * OK [CLOSED] ok\n", ""])
  func lastNews(closed: String) async throws {
    let archive = try #require(FolderName("A"))
    try await ScriptedStore.play(
      preauthenticated("ENABLE QRESYNC") + """
        C: m3 SELECT "A"
        C: m4 UID FETCH 1:* \(Self.traits)
        S: * 1 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: * OK [UIDNEXT 6] ok
        S: * OK [HIGHESTMODSEQ 3] ok
        S: m3 OK done
        S: * 1 FETCH (UID 5 FLAGS () RFC822.SIZE 7)
        S: m4 OK done
        C: m5 SELECT "INBOX" (QRESYNC (1 10))
        C: m6 UID FETCH 6:* \(Self.traits)
        S: * 1 FETCH (UID 5 FLAGS (\\Seen) MODSEQ (4))
        \(closed)S: * OK [UIDVALIDITY 1] ok
        S: * 2 EXISTS
        S: * OK [UIDNEXT 6] ok
        S: * OK [HIGHESTMODSEQ 11] ok
        S: * 2 FETCH (UID 4 FLAGS (\\Answered) MODSEQ (11))
        S: m5 OK done
        S: m6 OK done
        """
    ) { world in
      _ = try await world.store.look(at: archive, .wide(since: nil))
      let look = try await world.wide(since: MailboxCheckpoint(next: 6, modSeq: 10, count: 2))
      #expect(look.present == [.uid(4): Observation(flags: FlagSet([.answered]))])
      #expect(world.store.memories[archive]?.news.flags[5] == FlagSet([.seen]))
    }
  }

  /// Two folders' names were swapped: Cyrus then tells the watcher that all of the old one's messages are gone, and may
  /// do so when the look at the new one is over.
  @Test("a watcher's news of the mailbox that had the name before are not the new one's (L1, L8)")
  func swapped() async throws {
    let opened = { (tag: String, validity: Int) in
      """
      S: * 2 EXISTS
      S: * OK [UIDVALIDITY \(validity)] ok
      S: * OK [UIDNEXT 3] ok
      S: * OK [HIGHESTMODSEQ 9] ok
      S: \(tag) OK done

      """
    }
    let watcher =
      preauthenticated("ENABLE QRESYNC IDLE") + "C: m3 SELECT \"INBOX\"\n" + opened("m3", 1) + """
        C: m4 IDLE
        S: + idling
        C: DONE
        S: * VANISHED 1:2
        S: m4 OK done
        C: m5 SELECT "INBOX"
        \(opened("m5", 2))C: m6 IDLE
        S: + idling
        -
        C: DONE
        C: m7 SELECT "INBOX" (QRESYNC (2 9))
        C: m8 UID FETCH 3:* \(Self.traits)
        S: m6 OK done
        \(opened("m7", 2))S: * 2 FETCH (UID 2 FLAGS () RFC822.SIZE 7)
        S: m8 OK done
        """
    let worker = """
      S: * PREAUTH [CAPABILITY IMAP4rev1 ENABLE QRESYNC IDLE] ready
      C: m1 ENABLE QRESYNC
      S: * ENABLED QRESYNC
      S: m1 OK done
      C: m2 SELECT "INBOX"
      C: m3 UID FETCH 1:* \(Self.traits)
      \(opened("m2", 2))S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)
      S: * 2 FETCH (UID 2 FLAGS () RFC822.SIZE 7)
      S: m3 OK done
      """
    try await ScriptedStore.play(watcher, worker) { world in
      _ = try await world.store.watch([.inbox])
      let first = try await world.wide()
      #expect(first.present.count == 2)
      await world.streams[0].proceed()
      #expect(await world.eventsTold().contains(.uncertain(.inbox)))
      #expect(world.store.memories[.inbox]?.news.isUncertain == true)
      let second = try await world.wide(since: MailboxCheckpoint(validity: 2, next: 3, modSeq: 9, count: 2))
      #expect(second.gone.isEmpty)
      #expect(second.coverage == .changes)
    }
  }

  /// As when a connection ends because the mailbox was renumbered under it: the watch is armed before the first look.
  @Test("a mailbox that was renumbered while nobody was connected is watched, not polled")
  func watchedBeforeALook() async throws {
    let opened = """
      S: * 1 EXISTS
      S: * OK [UIDVALIDITY 2] ok
      S: m3 OK done

      """
    try await ScriptedStore.play(
      preauthenticated("ENABLE QRESYNC IDLE") + "C: m3 SELECT \"INBOX\"\n" + opened + """
        C: m4 IDLE
        S: + idling
        -
        S: * VANISHED 1
        """
    ) { world in
      try world.store.note(.inbox) { $0.validity = UIDValidity(rawValue: 1) }
      #expect(try await world.store.watch([.inbox]) == [.inbox: .idle])
      await world.streams[0].proceed()
      #expect(await world.eventsTold() == [.uncertain(.inbox)])
      #expect(world.store.memories[.inbox]?.news.vanished.isEmpty == true)
    }
  }

  @Test("an answer to SEARCH that cannot be read proves no absence (L8)")
  func unreadableSearch() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        S: * 1 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m2 OK done
        C: m3 UID FETCH 7 \(Self.traits)
        S: m3 OK done
        C: m4 SELECT "INBOX"
        S: * 1 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m4 OK done
        C: m5 UID SEARCH UID 7
        S: * SEARCH 7 x
        S: m5 OK done
        """
    ) { world in
      let error = await #expect(throws: StoreError.self) {
        _ = try await world.store.look(at: .inbox, .messages([.uid(7)]))
      }
      #expect(error?.scope == .folder)
    }
  }
}
