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
