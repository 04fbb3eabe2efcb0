import Mail
import Ports
import Reconciliation
import Testing

@testable import Engine

/// Servers that do not tell all that a SELECT is to tell of the numbers (RFC 9051 §6.3.2).
extension LookTests {
  @Test("of a server without UIDNEXT in SELECT still knows where new messages begin")
  func withoutUIDNext() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        C: m3 UID FETCH 1:* \(Self.traits)
        S: * 1 EXISTS
        \(Self.opened)
        S: m2 OK done
        S: * 1 FETCH (UID 7 FLAGS () RFC822.SIZE 7)
        S: m3 OK done
        C: m4 SELECT "INBOX"
        C: m5 UID FETCH 1:* \(Self.traits)
        S: * 1 EXISTS
        \(Self.opened)
        S: m4 OK done
        S: * 2 EXISTS
        S: * 1 FETCH (UID 7 FLAGS () RFC822.SIZE 7)
        S: * 2 FETCH (UID 8 FLAGS () RFC822.SIZE 7)
        S: m5 OK done
        C: m6 UID FETCH 1:* \(Self.traits)
        S: * 1 FETCH (UID 7 FLAGS () RFC822.SIZE 7)
        S: * 2 FETCH (UID 8 FLAGS () RFC822.SIZE 7)
        S: m6 OK done
        """
    ) { world in
      let look = try await world.wide()
      #expect(look.checkpoint == .imap(MailboxCheckpoint(next: 8, count: 1)))
      // What comes meanwhile is below it, and counts.
      let later = try await world.wide()
      #expect(later.checkpoint == .imap(MailboxCheckpoint(next: 9, count: 2)))
    }
  }

  @Test("of a server without UIDVALIDITY never says absent (L8)")
  func withoutValidity() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        C: m3 UID FETCH 1:* \(Self.traits)
        S: * 0 EXISTS
        S: * OK [UIDVALIDITY 0] ok
        S: m2 OK done
        S: m3 BAD nothing to fetch
        """
    ) { world in
      let look = try await world.wide()
      #expect(look.coverage == .changes)
      #expect(look.checkpoint == nil)
    }
  }
}
