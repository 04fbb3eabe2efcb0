import IMAP
import Mail
import Ports
import Reconciliation
import Testing

@testable import Engine

@Suite("A refused change of flags")
struct RefusalTests {
  /// What is shown after it would be taken for all that the mailbox can hold.
  @Test("is made once more where it may work later, and no keyword is given up for it (L6)")
  func refusedForNow() async throws {
    let keyword = try #require(Keyword("Work"))
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        S: * 3 EXISTS
        S: * OK [PERMANENTFLAGS (\\Seen \\*)] ok
        S: * OK [UIDVALIDITY 1] ok
        S: m2 OK done
        C: m3 UID STORE 1 +FLAGS.SILENT (Work)
        S: m3 NO [UNAVAILABLE] try again later
        """
    ) { world in
      let error = await #expect(throws: StoreError.self) {
        _ = try await world.store.update(
          [FlagChange(key: .uid(1), adding: FlagSet(keywords: [keyword]), removing: .none)], in: .inbox)
      }
      #expect(error?.kind == .unavailable && error?.scope == .folder)
    }
  }
}

@Suite("A session that the server has confused")
struct OutdatedSessionTests {
  /// Dovecot says so of a mailbox whose index was made anew, in that session for ever.
  @Test("is not used again: the next look has a connection of its own (L11)")
  func replaced() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        C: m3 UID FETCH 1:* \(LookTests.traits)
        S: m2 NO Mailbox was deleted under us
        S: m3 BAD No mailbox selected
        C: m4 LOGOUT
        S: m4 OK bye
        """,
      """
      S: * PREAUTH [CAPABILITY IMAP4rev1] ready
      C: m1 SELECT "INBOX"
      C: m2 UID FETCH 1:* \(LookTests.traits)
      S: * 0 EXISTS
      S: * OK [UIDVALIDITY 1] ok
      S: m1 OK done
      S: m2 OK done
      """
    ) { world in
      let error = await #expect(throws: StoreError.self) { _ = try await world.wide() }
      #expect(error?.scope == .folder && error?.kind == .unavailable)
      let again = try await world.wide()
      #expect(again.coverage == .complete)
    }
  }
}

@Suite("What a server refuses for want of a right")
struct MissingRightTests {
  private static let archive = "A"

  @Test("is not copied, and what it takes in the same breath is (L11)")
  func copy() async throws {
    // More than one command takes.
    let uids = (0..<1500).compactMap { UID(rawValue: 1_000_000 + 2 * $0) }
    let pieces = UIDSet(uids).pieces()
    try #require(pieces.count == 2)
    try await ScriptedStore.play(
      ChangeTests.opened("UIDPLUS") + """
        C: m3 UID COPY \(pieces[0]) "A"
        C: m4 UID COPY \(pieces[1]) "A"
        S: m3 NO [OVERQUOTA] full
        S: m4 OK [COPYUID 9 \(uids[1499]) 4] copied
        """
    ) { world in
      let target = try #require(FolderName(Self.archive))
      let copied = try await world.store.copy(uids.map { .uid($0) }, from: .inbox, to: target)
      #expect(copied == [.uid(uids[1499]): .uid(4)])
    }
  }

  @Test("is copied where it cannot be moved, and says why", arguments: ["[NOPERM] no", "[OVERQUOTA] full"])
  func move(answer: String) async throws {
    try await ScriptedStore.play(
      ChangeTests.opened("UIDPLUS MOVE") + """
        C: m3 UID MOVE 1 "A"
        S: m3 NO \(answer)
        C: m4 UID FETCH 1 (UID)
        S: * 1 FETCH (UID 1)
        S: m4 OK done
        """
    ) { world in
      let moved = try await world.store.move([.uid(1)], from: .inbox, to: try #require(FolderName(Self.archive)))
      #expect(moved.keys.isEmpty && moved.left == [.uid(1)])
      #expect(moved.refusal?.hasSuffix(String(answer.split(separator: " ")[1])) == true)
    }
  }

  @Test("and has a copy all the same is matched anew, and not sent (L3)")
  func copiedInMoving() async throws {
    try await ScriptedStore.play(
      ChangeTests.opened("UIDPLUS MOVE") + """
        C: m3 UID MOVE 1 "A"
        S: * OK [COPYUID 9 1 4] copied
        S: m3 NO [NOPERM] no
        C: m4 UID FETCH 1 (UID)
        S: * 1 FETCH (UID 1)
        S: m4 OK done
        """
    ) { world in
      let error = await #expect(throws: StoreError.self) {
        _ = try await world.store.move([.uid(1)], from: .inbox, to: try #require(FolderName(Self.archive)))
      }
      #expect(error?.scope == .folder)
    }
  }

  @Test("keeps its flags, and those of the others are changed (L6, L11)")
  func flags() async throws {
    try await ScriptedStore.play(
      ChangeTests.opened("") + """
        C: m3 UID STORE 1 -FLAGS.SILENT (\\Seen)
        C: m4 UID STORE 2 +FLAGS.SILENT (\\Seen)
        S: m3 NO [NOPERM] no
        S: m4 OK done
        C: m5 UID FETCH 1:2 (UID FLAGS)
        S: * 1 FETCH (UID 1 FLAGS (\\Seen))
        S: * 2 FETCH (UID 2 FLAGS (\\Seen))
        S: m5 OK done
        """
    ) { world in
      let changes = [
        FlagChange(key: .uid(1), adding: .none, removing: FlagSet(.seen)),
        FlagChange(key: .uid(2), adding: FlagSet(.seen), removing: .none),
      ]
      let marked = try await world.store.update(changes, in: .inbox)
      #expect(marked.shown == [.uid(1): FlagSet(.seen), .uid(2): FlagSet(.seen)])
      #expect(marked.refused.keys.sorted() == [.uid(1)])
    }
  }

  @Test("is not expunged, and fails nothing", arguments: ["UIDPLUS", ""])
  func deletion(capabilities: String) async throws {
    let expunged =
      capabilities.isEmpty
      ? """
      S: m3 OK done
      C: m4 NOOP
      S: m4 OK done
      C: m5 UID SEARCH DELETED
      S: * SEARCH 1
      S: m5 OK done
      C: m6 EXPUNGE
      S: m6 NO [NOPERM] no
      C: m7 UID FETCH 1 (UID)
      S: * 1 FETCH (UID 1)
      S: m7 OK done
      """
      : """
      C: m4 UID EXPUNGE 1
      S: m3 OK done
      S: m4 NO [NOPERM] no
      C: m5 UID FETCH 1 (UID)
      S: * 1 FETCH (UID 1)
      S: m5 OK done
      """
    try await ScriptedStore.play(
      ChangeTests.opened(capabilities) + "C: m3 UID STORE 1 +FLAGS.SILENT (\\Deleted)\n" + expunged
    ) { world in
      let deletion = try await world.store.delete([.uid(1)], in: .inbox)
      #expect(deletion.gone.isEmpty && deletion.refusal != nil)
    }
  }

  @Test(
    "in a mailbox that is only to be read, is not asked for, nor copied to be moved (L3)", arguments: [true, false])
  func readOnly(isMove: Bool) async throws {
    try await ScriptedStore.play(
      preauthenticated("UIDPLUS") + """
        C: m2 SELECT "INBOX"
        S: * 3 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m2 OK [READ-ONLY] done
        """
    ) { world in
      if isMove {
        let moved = try await world.store.move([.uid(1)], from: .inbox, to: try #require(FolderName(Self.archive)))
        #expect(moved.left == [.uid(1)] && moved.refusal != nil)
      } else {
        #expect(try await world.store.delete([.uid(1)], in: .inbox).refusal != nil)
      }
    }
  }
}
