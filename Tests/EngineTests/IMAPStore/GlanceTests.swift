import Mail
import Ports
import Reconciliation
import Testing

@testable import Engine

@Suite("A glance at what changed since an earlier one")
struct GlanceTests {
  @Test("asks for what changed, and takes over nothing (L2)")
  func glanceSince() async throws {
    try await ScriptedStore.play(
      preauthenticated("ENABLE QRESYNC") + """
        C: m3 SELECT "INBOX" (QRESYNC (1 10))
        C: m4 UID FETCH 5:* \(LookTests.traits)
        S: * 3 EXISTS
        \(LookTests.opened)
        S: * OK [UIDNEXT 6] ok
        S: * OK [HIGHESTMODSEQ 12] ok
        S: * VANISHED (EARLIER) 2
        S: m3 OK [READ-WRITE] done
        S: * 3 FETCH (UID 5 FLAGS () RFC822.SIZE 7)
        S: m4 OK done
        """
    ) { world in
      let since = Checkpoint.imap(MailboxCheckpoint(next: 5, modSeq: 10, count: 3))
      let look = try await world.store.look(at: .inbox, .glanceSince(since))
      #expect(look.coverage == .changes)
      #expect(look.gone == [.uid(2)])
      #expect(look.present[.uid(5)]?.traits?.wireSize == 7)
      #expect(look.checkpoint == .imap(MailboxCheckpoint(next: 6, modSeq: 12, count: 3)))
      #expect(world.store.memories[.inbox]?.known == nil)
    }
  }
}
