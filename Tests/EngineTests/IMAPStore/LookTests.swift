import Mail
import Ports
import Reconciliation
import Testing

@testable import Engine

@Suite("A wide look")
struct LookTests {
  static let traits = "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"
  static let opened = """
    S: * FLAGS (\\Seen)
    S: * OK [PERMANENTFLAGS (\\Seen \\*)] ok
    S: * OK [UIDVALIDITY 1] ok
    """

  @Test("with QRESYNC is one write and names what is gone")
  func qresync() async throws {
    try await ScriptedStore.play(
      preauthenticated("ENABLE QRESYNC") + """
        C: m3 SELECT "INBOX" (QRESYNC (1 10))
        C: m4 UID FETCH 5:* \(Self.traits)
        S: * 3 EXISTS
        \(Self.opened)
        S: * OK [UIDNEXT 6] ok
        S: * OK [HIGHESTMODSEQ 12] ok
        S: * VANISHED (EARLIER) 2,900
        S: * 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (11))
        S: m3 OK [READ-WRITE] done
        S: * 3 FETCH (UID 5 FLAGS () RFC822.SIZE 7)
        S: m4 OK done
        """
    ) { world in
      let look = try await world.wide(since: MailboxCheckpoint(next: 5, modSeq: 10, count: 3))
      #expect(look.coverage == .changes)
      #expect(look.gone == [.uid(2), .uid(900)])
      #expect(look.present[.uid(1)] == Observation(flags: FlagSet([.seen])))
      #expect(look.present[.uid(5)]?.traits?.wireSize == 7)
      #expect(look.checkpoint == .imap(MailboxCheckpoint(next: 6, modSeq: 12, count: 3)))
      #expect(world.streams[0].writes.last?.split(separator: "\r\n").count == 2)
    }
  }

  @Test("lists where the server tells no modification sequences any more, and so refuses CHANGEDSINCE (L11)")
  func noModSeq() async throws {
    try await ScriptedStore.play(
      preauthenticated("ENABLE CONDSTORE") + """
        C: m3 SELECT "INBOX" (CONDSTORE)
        C: m4 UID FETCH 3:* \(Self.traits)
        C: m5 UID FETCH 1:2 (UID FLAGS) (CHANGEDSINCE 10)
        S: * 1 EXISTS
        \(Self.opened)
        S: * OK [UIDNEXT 3] ok
        S: * OK [NOMODSEQ] none
        S: m3 OK [READ-WRITE] done
        S: * 1 FETCH (UID 2 FLAGS () RFC822.SIZE 7)
        S: m4 OK done
        S: m5 BAD no modification sequences here
        C: m6 UID FETCH 3:* \(Self.traits)
        C: m7 UID FETCH 1:2 (UID FLAGS)
        S: * 1 FETCH (UID 2 FLAGS (\\Seen) RFC822.SIZE 7)
        S: m6 OK done
        S: * 1 FETCH (UID 2 FLAGS (\\Seen))
        S: m7 OK done
        """
    ) { world in
      let look = try await world.wide(since: MailboxCheckpoint(next: 3, modSeq: 10, count: 2))
      #expect(look.coverage == .complete)
      #expect(look.present.mapValues(\.flags) == [.uid(2): FlagSet([.seen])])
      #expect(look.checkpoint == .imap(MailboxCheckpoint(next: 3, modSeq: 0, count: 1)))
    }
  }

  @Test("keeps a flag change of the last message, which is also what n:* shows beyond the end")
  func lastMessage() async throws {
    try await ScriptedStore.play(
      preauthenticated("ENABLE QRESYNC") + """
        C: m3 SELECT "INBOX" (QRESYNC (1 10))
        C: m4 UID FETCH 5:* \(Self.traits)
        S: * 3 EXISTS
        \(Self.opened)
        S: * OK [UIDNEXT 5] ok
        S: * OK [HIGHESTMODSEQ 12] ok
        S: * 3 FETCH (UID 4 FLAGS (\\Seen) MODSEQ (11))
        S: m3 OK [READ-WRITE] done
        S: * 3 FETCH (UID 4 FLAGS (\\Seen) RFC822.SIZE 7)
        S: m4 OK done
        """
    ) { world in
      let look = try await world.wide(since: MailboxCheckpoint(next: 5, modSeq: 10, count: 3))
      #expect(look.present[.uid(4)]?.flags == FlagSet([.seen]))
    }
  }

  /// Sequences that began anew may be just ours again, but not with messages that came since.
  @Test(
    "does not believe that nothing changed where the modification sequence went back (L8)",
    arguments: [(9, 5), (0, 5), (10, 6), (11, 4)])
  func restoredBackup(modSeq: Int, uidNext: Int) async throws {
    // Where it did, or UIDNEXT, the numbers may mean other messages, and all traits are asked for.
    let listing =
      modSeq < 10 || uidNext < 5
      ? """
      C: m5 UID FETCH 1:* \(Self.traits)
      S: * 1 FETCH (UID 4 FLAGS (\\Seen) RFC822.SIZE 7)
      S: m5 OK done
      """
      : """
      C: m5 UID FETCH 5:* \(Self.traits)
      C: m6 UID FETCH 1:4 (UID FLAGS)
      S: m5 OK done
      S: * 1 FETCH (UID 4 FLAGS (\\Seen))
      S: m6 OK done
      """
    try await ScriptedStore.play(
      preauthenticated("ENABLE QRESYNC") + """
        C: m3 SELECT "INBOX" (QRESYNC (1 10))
        C: m4 UID FETCH 5:* \(Self.traits)
        S: * 1 EXISTS
        \(Self.opened)
        S: * OK [UIDNEXT \(uidNext)] ok
        S: * OK [HIGHESTMODSEQ \(modSeq)] ok
        S: m3 OK done
        S: * 1 FETCH (UID 4 FLAGS () RFC822.SIZE 7)
        S: m4 OK done

        """ + listing
    ) { world in
      let look = try await world.wide(since: MailboxCheckpoint(next: 5, modSeq: 10, count: 3))
      #expect(look.coverage == .complete)
      #expect(look.present.mapValues(\.flags) == [.uid(4): FlagSet([.seen])])
    }
  }

  @Test("of a mailbox that was renumbered is a complete listing with traits (L8)")
  func renumbered() async throws {
    try await ScriptedStore.play(
      preauthenticated("ENABLE QRESYNC") + """
        C: m3 SELECT "INBOX" (QRESYNC (9 10))
        C: m4 UID FETCH 5:* \(Self.traits)
        S: * 1 EXISTS
        \(Self.opened)
        S: * OK [UIDNEXT 2] ok
        S: * OK [HIGHESTMODSEQ 30] ok
        S: m3 OK done
        S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)
        S: m4 OK done
        C: m5 UID FETCH 1:* \(Self.traits)
        S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)
        S: m5 OK done
        """
    ) { world in
      let look = try await world.wide(since: MailboxCheckpoint(validity: 9, next: 5, modSeq: 10, count: 3))
      #expect(look.coverage == .complete)
      #expect(look.present.count == 1)
      #expect(look.checkpoint == .imap(MailboxCheckpoint(next: 2, modSeq: 30, count: 1)))
    }
  }

  @Test("that numbers contradict is made again as a listing, and modification sequences are not believed any more")
  func gap() async throws {
    try await ScriptedStore.play(
      preauthenticated("ENABLE QRESYNC") + """
        C: m3 SELECT "INBOX" (QRESYNC (1 10))
        C: m4 UID FETCH 5:* \(Self.traits)
        S: * 1 EXISTS
        \(Self.opened)
        S: * OK [UIDNEXT 5] ok
        S: * OK [HIGHESTMODSEQ 10] ok
        S: m3 OK done
        S: m4 OK done
        C: m5 UID FETCH 5:* \(Self.traits)
        C: m6 UID FETCH 1:4 (UID FLAGS)
        S: m5 OK done
        S: * 1 FETCH (UID 4 FLAGS ())
        S: m6 OK done
        C: m7 SELECT "INBOX"
        C: m8 UID FETCH 5:* \(Self.traits)
        C: m9 UID FETCH 1:4 (UID FLAGS)
        S: * OK [CLOSED] bye
        S: * 1 EXISTS
        \(Self.opened)
        S: * OK [UIDNEXT 5] ok
        S: m7 OK done
        S: m8 OK done
        S: * 1 FETCH (UID 4 FLAGS ())
        S: m9 OK done
        """
    ) { world in
      // Three were there, one is left, and none is said to be gone.
      let since = MailboxCheckpoint(next: 5, modSeq: 10, count: 3)
      let (first, second) = (try await world.wide(since: since), try await world.wide(since: since))
      #expect(first.coverage == .complete)
      #expect(second.coverage == .complete)
      #expect(
        world.notices.told == [
          """
          INBOX: tunnel: QRESYNC is not believed any more: of 3 messages 0 were told to be gone and 0 to be new, but \
          there are 1; from now on all is listed
          """
        ])
    }
  }

  @Test("with CONDSTORE alone proves by the count that nothing is gone")
  func condStore() async throws {
    try await ScriptedStore.play(
      preauthenticated("ENABLE CONDSTORE") + """
        C: m3 SELECT "INBOX" (CONDSTORE)
        C: m4 UID FETCH 5:* \(Self.traits)
        C: m5 UID FETCH 1:4 (UID FLAGS) (CHANGEDSINCE 10)
        S: * 4 EXISTS
        \(Self.opened)
        S: * OK [UIDNEXT 6] ok
        S: * OK [HIGHESTMODSEQ 12] ok
        S: m3 OK done
        S: * 4 FETCH (UID 5 FLAGS () RFC822.SIZE 7)
        S: m4 OK done
        S: * 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (11))
        S: m5 OK done
        """
    ) { world in
      let look = try await world.wide(since: MailboxCheckpoint(next: 5, modSeq: 10, count: 3))
      #expect(look.coverage == .changes)
      #expect(look.gone.isEmpty)
      #expect(look.present.count == 2)
    }
  }

  @Test(
    "with CONDSTORE alone lists all where the count says that one is gone, also if another came", arguments: [0, 1])
  func condStoreGone(come: Int) async throws {
    let shown = come > 0 ? "* 3 FETCH (UID 5 FLAGS () RFC822.SIZE 7)" : "* 2 FETCH (UID 4 FLAGS () RFC822.SIZE 7)"
    try await ScriptedStore.play(
      preauthenticated("ENABLE CONDSTORE") + """
        C: m3 SELECT "INBOX" (CONDSTORE)
        C: m4 UID FETCH 5:* \(Self.traits)
        C: m5 UID FETCH 1:4 (UID FLAGS) (CHANGEDSINCE 10)
        S: * 2 EXISTS
        \(Self.opened)
        S: * OK [UIDNEXT 5] ok
        S: * OK [HIGHESTMODSEQ 12] ok
        S: m3 OK done
        S: * 2 FETCH (UID 4 FLAGS () RFC822.SIZE 7)
        S: m4 OK done
        S: * \(2 + come) EXISTS
        S: m5 OK done
        C: m6 UID FETCH 5:* \(Self.traits)
        C: m7 UID FETCH 1:4 (UID FLAGS)
        S: \(shown)
        S: m6 OK done
        S: * 1 FETCH (UID 1 FLAGS ())
        S: * 2 FETCH (UID 4 FLAGS ())
        S: m7 OK done
        """
    ) { world in
      let look = try await world.wide(since: MailboxCheckpoint(next: 5, modSeq: 10, count: 3))
      #expect(look.coverage == .complete)
      #expect(look.present.keys.sorted() == [.uid(1), .uid(4)] + (come > 0 ? [.uid(5)] : []))
    }
  }

  @Test("a listing disturbed by expunges is made again, and at last claims nothing (L8)")
  func disturbed() async throws {
    let disturbance = """
      S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)
      S: * 1 EXPUNGE
      S: * 1 EXISTS
      """
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        C: m3 UID FETCH 1:* \(Self.traits)
        S: * 1 EXISTS
        \(Self.opened)
        S: * OK [UIDNEXT 2] ok
        S: m2 OK done
        \(disturbance)
        S: m3 OK done
        C: m4 UID FETCH 1:* \(Self.traits)
        \(disturbance)
        S: m4 OK done
        C: m5 UID FETCH 1:* \(Self.traits)
        \(disturbance)
        S: m5 OK done
        C: m6 UID FETCH 1:* \(Self.traits)
        \(disturbance)
        S: m6 OK done
        """
    ) { world in
      let look = try await world.wide()
      #expect(look.coverage == .changes)
      #expect(look.checkpoint == nil)
    }
  }

  @Test("a listing that shows fewer than there are is not complete (L8)")
  func short() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        C: m3 UID FETCH 1:* \(Self.traits)
        S: * 2 EXISTS
        \(Self.opened)
        S: * OK [UIDNEXT 3] ok
        S: m2 OK done
        S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)
        S: m3 OK done
        C: m4 UID FETCH 1:* \(Self.traits)
        S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)
        S: * 2 FETCH (UID 2 FLAGS () RFC822.SIZE 7)
        S: m4 OK done
        """
    ) { world in
      let look = try await world.wide()
      #expect(look.coverage == .complete)
      #expect(look.present.count == 2)
    }
  }

  @Test("that cannot open the folder fails for the folder, and the next works")
  func missingFolder() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "Gone"
        C: m3 UID FETCH 1:* \(Self.traits)
        S: m2 NO [NONEXISTENT] no such mailbox
        S: m3 BAD nothing selected
        C: m4 SELECT "INBOX"
        C: m5 UID FETCH 1:* \(Self.traits)
        S: * 0 EXISTS
        \(Self.opened)
        S: m4 OK done
        S: m5 OK done
        """
    ) { world in
      let gone = try #require(FolderName("Gone"))
      let error = await #expect(throws: StoreError.self) { _ = try await world.wide(gone) }
      #expect(error?.scope == .folder)
      #expect(error?.kind == .gone)
      let look = try await world.wide()
      #expect(look.coverage == .complete)
    }
  }

  @Test("that is deleted from above others is gone, whatever LIST says of its name")
  func phantomLook() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "Top"
        C: m3 UID FETCH 1:* \(Self.traits)
        S: m2 NO Mailbox doesn't exist: Top
        S: m3 BAD nothing selected
        C: m4 LIST "" "Top"
        S: * LIST (\\HasChildren) "/" Top
        S: m4 OK done
        """
    ) { world in
      let error = await #expect(throws: StoreError.self) { _ = try await world.wide(try #require(FolderName("Top"))) }
      #expect(error?.kind == .gone)
    }
  }

  @Test("at some messages asks a fresh view before it calls one gone (L1)")
  func messages() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        S: * 1 EXISTS
        \(Self.opened)
        S: m2 OK done
        C: m3 UID FETCH 1,3,5 \(Self.traits)
        S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)
        S: m3 OK done
        C: m4 SELECT "INBOX"
        S: * 2 EXISTS
        \(Self.opened)
        S: m4 OK done
        C: m5 UID SEARCH UID 3,5
        S: * SEARCH 5
        S: m5 OK done
        """
    ) { world in
      let look = try await world.store.look(at: .inbox, .messages([.uid(1), .uid(3), .uid(5)]))
      #expect(look.present.keys.sorted() == [.uid(1)])
      #expect(look.gone == [.uid(3)])
      #expect(look.unreadable.keys.sorted() == [.uid(5)])
    }
  }
}
