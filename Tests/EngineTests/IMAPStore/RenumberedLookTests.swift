import Mail
import Ports
import Reconciliation
import Testing

@testable import Engine

@Suite("A wide look at a mailbox with a new UIDVALIDITY")
struct RenumberedLookTests {
  @Test("asks anew for all traits where the numbering is another, also of a server without CONDSTORE (L3, L8)")
  func renumberedListing() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        C: m3 UID FETCH 5:* \(LookTests.traits)
        C: m4 UID FETCH 1:4 (UID FLAGS)
        S: * 1 EXISTS
        S: * FLAGS (\\Seen)
        S: * OK [UIDVALIDITY 2] ok
        S: * OK [UIDNEXT 3] ok
        S: m2 OK done
        S: * 1 FETCH (UID 2 FLAGS ())
        S: m3 OK done
        S: * 1 FETCH (UID 2 FLAGS ())
        S: m4 OK done
        C: m5 UID FETCH 1:* \(LookTests.traits)
        S: * 1 FETCH (UID 2 FLAGS () RFC822.SIZE 7)
        S: m5 OK done
        """
    ) { world in
      let look = try await world.wide(since: MailboxCheckpoint(next: 5, modSeq: 0, count: 1))
      #expect(look.coverage == .complete)
      #expect(look.present[.uid(2)]?.traits?.wireSize == 7)
    }
  }

  @Test("leaves the engine's numbers as they were where it is a glance, and what was heard to be looked at (L2, L8)")
  func glance() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        C: m3 UID FETCH 1:* \(LookTests.traits)
        S: * 1 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: * OK [UIDNEXT 2] ok
        S: m2 OK done
        S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)
        S: * 1 FETCH (UID 1 FLAGS (\\Seen))
        S: m3 OK done
        C: m4 SELECT "INBOX"
        C: m5 UID FETCH 1:* \(LookTests.traits)
        S: * 1 EXISTS
        S: * OK [UIDVALIDITY 2] ok
        S: * OK [UIDNEXT 2] ok
        S: m4 OK done
        S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 9)
        S: m5 OK done
        C: m6 SELECT "INBOX"
        S: * 1 EXISTS
        S: * OK [UIDVALIDITY 2] ok
        S: * OK [UIDNEXT 2] ok
        S: m6 OK done
        """
    ) { world in
      _ = try await world.wide()
      let glance = try await world.store.look(at: .inbox, .glance)
      #expect(glance.present[.uid(1)]?.traits?.wireSize == 9)
      let error = await #expect(throws: StoreError.self) {
        _ = try await world.store.delete([.uid(1)], in: .inbox)
      }
      #expect(error?.text.contains("UIDVALIDITY changed from 1 to 2") == true)
    }
  }
}
