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
      #expect(error?.text.contains("UIDVALIDITY changed") == true)
      #expect(world.store.memories[.inbox]?.validity != UIDValidity(rawValue: 2))
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
