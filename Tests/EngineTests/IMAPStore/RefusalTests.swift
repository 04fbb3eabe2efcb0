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
