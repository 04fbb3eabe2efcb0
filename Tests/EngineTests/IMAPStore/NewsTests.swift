import Mail
import Ports
import Reconciliation
import Testing

@testable import Engine

@Suite("What a server tells of its own accord")
struct NewsTests {
  @Test("before it shows how a message is marked is no change of that, and of others it is news (L6)")
  func toldMeanwhile() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        C: m3 UID FETCH 1:* \(LookTests.traits)
        S: * 3 EXISTS
        S: * OK [PERMANENTFLAGS (\\Seen \\Flagged \\*)] ok
        S: * OK [UIDVALIDITY 1] ok
        S: * OK [UIDNEXT 4] ok
        S: m2 OK done
        S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 1)
        S: * 2 FETCH (UID 2 FLAGS () RFC822.SIZE 1)
        S: * 3 FETCH (UID 3 FLAGS () RFC822.SIZE 1)
        S: m3 OK done
        C: m4 NOOP
        C: m5 UID STORE 1 +FLAGS.SILENT (\\Seen)
        S: * 1 FETCH (UID 1 FLAGS (\\Flagged))
        S: m4 OK done
        S: m5 OK done
        C: m6 UID FETCH 1 (UID FLAGS)
        S: * 1 FETCH (UID 1 FLAGS (\\Flagged \\Seen))
        S: * 2 FETCH (UID 2 FLAGS (\\Flagged))
        S: * VANISHED 3
        S: m6 OK done

        """
    ) { world in
      #expect(try await world.wide().present.count == 3)
      let shown = try await world.store.update(
        [FlagChange(key: .uid(1), adding: FlagSet(.seen), removing: .none)], in: .inbox)
      #expect(shown == [.uid(1): FlagSet([.flagged, .seen])])
      let look = try await world.store.look(at: .inbox, .pending)
      #expect(look.present == [.uid(2): Observation(flags: FlagSet(.flagged))])
      #expect(look.gone == [.uid(3)])
    }
  }
}
