import Mail
import Ports
import Reconciliation
import Testing

@testable import Engine

@Suite("Changing messages on a server")
struct ChangeTests {
  static func opened(_ capabilities: String, flags: String = "\\Seen \\Deleted \\*") -> String {
    preauthenticated(capabilities) + """
      C: m2 SELECT "INBOX"
      S: * 3 EXISTS
      S: * OK [PERMANENTFLAGS (\(flags))] ok
      S: * OK [UIDVALIDITY 1] ok
      S: m2 OK done

      """
  }

  @Test("expunges by UID in one write, and calls gone only what is not shown any more")
  func deletes() async throws {
    try await ScriptedStore.play(
      Self.opened("UIDPLUS") + """
        C: m3 UID STORE 1:2 +FLAGS.SILENT (\\Deleted)
        C: m4 UID EXPUNGE 1:2
        S: m3 OK done
        S: * 1 EXPUNGE
        S: m4 OK done
        C: m5 UID FETCH 1:2 (UID)
        S: * 1 FETCH (UID 2)
        S: m5 OK done
        C: m6 UID STORE 2 +FLAGS.SILENT (\\Deleted)
        C: m7 UID EXPUNGE 2
        S: m6 OK done
        S: m7 OK done
        C: m8 UID FETCH 2 (UID)
        S: * 1 FETCH (UID 2)
        S: m8 OK done
        """
    ) { world in
      let deletion = try await world.store.delete([.uid(1), .uid(2)], in: .inbox)
      #expect(deletion.gone == [.uid(1)])
      // Once for both, and once more for the one that a first time left.
      #expect(world.streams[0].writes.filter { $0.contains("EXPUNGE") }.count == 2)
    }
  }

  @Test("OK without a word of an expunge is no proof: a fresh view decides, and it is asked again (L1)")
  func unproven() async throws {
    try await ScriptedStore.play(
      Self.opened("UIDPLUS") + """
        C: m3 UID STORE 5 +FLAGS.SILENT (\\Deleted)
        C: m4 UID EXPUNGE 5
        S: m3 OK done
        S: m4 OK done
        C: m5 UID FETCH 5 (UID)
        S: m5 OK done
        C: m6 SELECT "INBOX"
        S: * 4 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m6 OK done
        C: m7 UID SEARCH UID 5
        S: * SEARCH 5
        S: m7 OK done
        C: m8 UID STORE 5 +FLAGS.SILENT (\\Deleted)
        C: m9 UID EXPUNGE 5
        S: m8 OK done
        S: * 4 EXPUNGE
        S: m9 OK done
        C: m10 UID FETCH 5 (UID)
        S: m10 OK done
        """
    ) { world in
      let deletion = try await world.store.delete([.uid(5)], in: .inbox)
      #expect(deletion.gone == [.uid(5)])
    }
  }

  @Test("without UIDPLUS expunges where all that is marked is ours (L10)")
  func bareExpunge() async throws {
    try await ScriptedStore.play(
      Self.opened("") + """
        C: m3 UID STORE 1 +FLAGS.SILENT (\\Deleted)
        S: m3 OK done
        C: m4 NOOP
        S: m4 OK done
        C: m5 UID SEARCH DELETED
        S: * SEARCH 1
        S: m5 OK done
        C: m6 EXPUNGE
        S: * 1 EXPUNGE
        S: m6 OK done
        C: m7 UID FETCH 1 (UID)
        S: m7 OK done
        """
    ) { world in
      let deletion = try await world.store.delete([.uid(1)], in: .inbox)
      #expect(deletion.gone == [.uid(1)])
    }
  }

  @Test("without UIDPLUS marks nothing over another connection between the SEARCH and the EXPUNGE (L10)")
  func markedMeanwhile() async throws {
    try await ScriptedStore.play(
      Self.opened("") + """
        C: m3 UID STORE 1 +FLAGS.SILENT (\\Deleted)
        S: m3 OK done
        C: m4 NOOP
        S: m4 OK done
        C: m5 UID SEARCH DELETED
        S: * SEARCH 1
        -
        S: m5 OK done
        C: m6 EXPUNGE
        S: * 1 EXPUNGE
        S: m6 OK done
        C: m7 UID FETCH 1 (UID)
        S: m7 OK done
        """,
      """
      S: * PREAUTH [CAPABILITY IMAP4rev1] ready
      C: m1 SELECT "INBOX"
      S: * 3 EXISTS
      S: * OK [PERMANENTFLAGS (\\Seen \\Deleted)] ok
      S: * OK [UIDVALIDITY 1] ok
      S: m1 OK done
      C: m2 UID STORE 2 +FLAGS.SILENT (\\Deleted)
      S: m2 OK done
      C: m3 UID FETCH 2 (UID FLAGS)
      S: * 1 FETCH (UID 2 FLAGS (\\Deleted))
      S: m3 OK done
      """
    ) { world in
      async let deletion = world.store.delete([.uid(1)], in: .inbox)
      await world.streams[0].hasReachedRest()
      let mark = FlagChange(key: .uid(2), adding: FlagSet(.deleted), removing: .none)
      async let shown = world.store.update([mark], in: .inbox).shown
      await world.settle()
      #expect(!world.streams[1].writes.contains { $0.contains("STORE") })
      await world.streams[0].proceed()
      let gone = try await deletion.gone
      let marked = try await shown
      #expect(gone == [.uid(1)] && marked == [.uid(2): FlagSet(.deleted)])
    }
  }

  @Test("without UIDPLUS leaves the marked where another's is among them (L10)")
  func othersMarked() async throws {
    try await ScriptedStore.play(
      Self.opened("") + """
        C: m3 UID STORE 1 +FLAGS.SILENT (\\Deleted)
        S: m3 OK done
        C: m4 NOOP
        S: * 4 EXISTS
        S: m4 OK done
        C: m5 UID SEARCH DELETED
        S: * SEARCH 1 4
        S: m5 OK done
        C: m6 UID FETCH 1 (UID)
        S: * 1 FETCH (UID 1)
        S: m6 OK done
        """
    ) { world in
      let deletion = try await world.store.delete([.uid(1)], in: .inbox)
      #expect(deletion.gone.isEmpty)
    }
  }

  @Test("nothing destructive follows a SELECT that tells another UIDVALIDITY (L8)")
  func renumbered() async throws {
    try await ScriptedStore.play(
      preauthenticated("UIDPLUS") + """
        C: m2 LIST "" "*"
        S: * LIST () "/" INBOX
        S: m2 OK done
        C: m3 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
        S: * STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7)
        S: m3 OK done
        C: m4 SELECT "INBOX"
        S: * 1 EXISTS
        S: * OK [UIDVALIDITY 8] ok
        S: m4 OK done
        """
    ) { world in
      _ = try await world.store.folders()
      let error = await #expect(throws: StoreError.self) { _ = try await world.store.delete([.uid(1)], in: .inbox) }
      #expect(error?.scope == .folder)
      let events = try await world.store.nextEvents()
      #expect(events == [.uncertain(.inbox)])
    }
  }

  @Test("marks in one write, without what the mailbox cannot hold, and tells what is shown (L6)")
  func updates() async throws {
    let keyword = try #require(Keyword("Work"))
    try await ScriptedStore.play(
      Self.opened("", flags: "\\Seen") + """
        C: m3 UID STORE 1:2 +FLAGS.SILENT (\\Seen)
        C: m4 UID STORE 2 -FLAGS.SILENT (\\Flagged)
        S: m3 OK done
        S: m4 OK done
        C: m5 UID FETCH 1:3 (UID FLAGS)
        S: * 1 FETCH (UID 1 FLAGS (\\Seen))
        S: * 2 FETCH (UID 2 FLAGS (\\Seen \\Flagged))
        S: m5 OK done
        """
    ) { world in
      let shown = try await world.store.update(
        [
          FlagChange(key: .uid(1), adding: FlagSet([.seen], keywords: [keyword]), removing: .none),
          FlagChange(key: .uid(2), adding: FlagSet([.seen]), removing: FlagSet([.flagged])),
          FlagChange(key: .uid(3), adding: FlagSet(keywords: [keyword]), removing: .none),
        ], in: .inbox
      ).shown
      #expect(shown == [.uid(1): FlagSet([.seen]), .uid(2): FlagSet([.seen, .flagged])])
    }
  }

  @Test("a keyword that the server refuses is left out, and the rest is set (L6)")
  func refusedKeyword() async throws {
    let keyword = try #require(Keyword("Work"))
    try await ScriptedStore.play(
      Self.opened("") + """
        C: m3 UID STORE 1 +FLAGS.SILENT (\\Seen Work)
        S: m3 NO too many keywords
        C: m4 UID STORE 1 +FLAGS.SILENT (\\Seen)
        S: m4 OK done
        C: m5 UID FETCH 1 (UID FLAGS)
        S: * 1 FETCH (UID 1 FLAGS (\\Seen))
        S: m5 OK done
        """
    ) { world in
      let shown = try await world.store.update(
        [FlagChange(key: .uid(1), adding: FlagSet([.seen], keywords: [keyword]), removing: .none)], in: .inbox
      ).shown
      #expect(shown == [.uid(1): FlagSet([.seen])])
    }
  }

  @Test("a flag that somebody changes back in between is set once more; one that the server drops is told so (L6)")
  func undone() async throws {
    let keyword = try #require(Keyword("Work"))
    try await ScriptedStore.play(
      Self.opened("", flags: "\\Seen \\Flagged \\*") + """
        C: m3 UID STORE 1 +FLAGS.SILENT (\\Seen Work)
        C: m4 UID STORE 1 -FLAGS.SILENT (\\Flagged)
        S: m3 OK done
        S: m4 OK done
        C: m5 UID FETCH 1 (UID FLAGS)
        S: * 1 FETCH (UID 1 FLAGS (\\Flagged))
        S: m5 OK done
        C: m6 UID STORE 1 +FLAGS.SILENT (\\Seen Work)
        C: m7 UID STORE 1 -FLAGS.SILENT (\\Flagged)
        S: m6 OK done
        S: m7 OK done
        C: m8 UID FETCH 1 (UID FLAGS)
        S: * 1 FETCH (UID 1 FLAGS (\\Seen))
        S: m8 OK done
        """
    ) { world in
      let change = FlagChange(
        key: .uid(1), adding: FlagSet([.seen], keywords: [keyword]), removing: FlagSet(.flagged))
      let shown = try await world.store.update([change], in: .inbox).shown
      #expect(shown == [.uid(1): FlagSet(.seen)])
    }
  }

  @Test("makes the folder above where the server does not")
  func createsParents() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 CREATE "A/B"
        S: m2 NO no parent
        C: m3 CREATE "A"
        S: m3 OK done
        C: m4 CREATE "A/B"
        S: m4 OK done
        C: m5 SUBSCRIBE "A/B"
        S: m5 NO what is that
        """
    ) { world in
      try await world.store.createFolder(try #require(FolderName("A/B")))
    }
  }

  @Test("removes no folder that holds messages or folders, and never INBOX (L8)")
  func removesEmptyOnly() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 LIST "" "Full/%"
        S: m2 OK done
        C: m3 STATUS "Full" (MESSAGES)
        S: * STATUS Full (MESSAGES 1)
        S: m3 OK done
        C: m4 LIST "" "Above/%"
        S: * LIST () "/" Above/Below
        S: m4 OK done
        C: m5 LIST "" "Empty/%"
        S: m5 OK done
        C: m6 STATUS "Empty" (MESSAGES)
        S: * STATUS Empty (MESSAGES 0)
        S: m6 OK done
        C: m7 DELETE "Empty"
        S: m7 OK done
        C: m8 UNSUBSCRIBE "Empty"
        S: m8 OK done
        """
    ) { world in
      for name in ["Full", "Above"] {
        let error = await #expect(throws: StoreError.self) {
          try await world.store.removeFolder(try #require(FolderName(name)))
        }
        #expect(error?.kind == .refused)
      }
      await #expect(throws: StoreError.self) { try await world.store.removeFolder(.inbox) }
      try await world.store.removeFolder(try #require(FolderName("Empty")))
    }
  }

  @Test("a list of folders that cannot be read is no list (L8)")
  func unreadableList() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 LIST "" "*"
        S: * LIST () "/" INBOX
        S: * LIST what is this
        S: m2 OK done
        """
    ) { world in
      let error = await #expect(throws: StoreError.self) { _ = try await world.store.folders() }
      #expect(error?.scope == .account)
    }
  }

  @Test("tells which folders hold messages, and the state of each in the same round trip where that can be had")
  func listStatus() async throws {
    try await ScriptedStore.play(
      preauthenticated("LIST-EXTENDED LIST-STATUS SPECIAL-USE") + """
        C: m2 LIST "" "*" RETURN (SPECIAL-USE STATUS (MESSAGES UIDNEXT UIDVALIDITY))
        S: * LIST () "/" INBOX
        S: * STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7)
        S: * LIST (\\NoSelect) "/" Lists
        S: * LIST (\\Sent) "/" "Entw&APw-rfe"
        S: m2 OK done
        """
    ) { world in
      let entries = try await world.store.folders()
      #expect(
        entries == [
          FolderEntry(name: try #require(FolderName("Entwürfe")), roles: ["\\Sent"]),
          FolderEntry(name: .inbox, checkpoint: .imap(MailboxCheckpoint(validity: 7, next: 2, count: 1))),
          FolderEntry(name: try #require(FolderName("Lists")), holdsMessages: false),
        ])
    }
  }
  @Test("does not believe that a folder is there of which its STATUS says no", arguments: [true, false])
  func phantom(isListStatus: Bool) async throws {
    let offer = isListStatus ? "LIST-EXTENDED LIST-STATUS" : ""
    let listing =
      isListStatus
      ? """
      C: m2 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY))
      S: * LIST () "/" Top
      S: * NO Mailbox doesn't exist: Top
      S: * LIST () "/" Top/Below
      S: * STATUS Top/Below (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 7)
      S: m2 OK done
      """
      : """
      C: m2 LIST "" "*"
      S: * LIST (\\HasChildren) "/" Top
      S: * LIST () "/" Top/Below
      S: m2 OK done
      C: m3 STATUS "Top" (MESSAGES UIDNEXT UIDVALIDITY)
      C: m4 STATUS "Top/Below" (MESSAGES UIDNEXT UIDVALIDITY)
      S: m3 NO Mailbox doesn't exist: Top
      S: * STATUS Top/Below (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 7)
      S: m4 OK done
      """
    try await ScriptedStore.play(preauthenticated(offer) + listing) { world in
      let entries = try await world.store.folders()
      #expect(entries.map(\.name.description) == ["Top", "Top/Below"])
      #expect(entries.map(\.holdsMessages) == [false, true])
    }
  }
}
