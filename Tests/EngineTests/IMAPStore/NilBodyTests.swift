import Mail
import Ports
import Testing

@testable import Engine

/// `BODY[] NIL`: what servers say of a message that is expunged, and some of one whose file is empty or lost.
extension ReadingTests {
  @Test("takes a NIL body for gone, never for an empty message (L1)")
  func nilBody() async throws {
    try await ScriptedStore.play(
      Self.opened + """
        C: m3 UID FETCH 1:3 (UID BODY.PEEK[])
        S: * 1 FETCH (UID 1 BODY[] {5}
        S: one
        S: )
        S: * 2 FETCH (UID 2 BODY[] NIL)
        S: * 3 FETCH (UID 3 BODY[] "")
        S: m3 NO [EXPUNGEISSUED] some are gone
        \(Self.searched(for: 2, finding: ""))
        """
    ) { world in
      let read = try await Self.read([1, 2, 3], world)
      #expect(read == [.uid(1): .success("one\r\n"), .uid(3): .success("")])
    }
  }

  @Test("names one whose body is NIL although it is there (L2, L11)")
  func nilBodyOfOneThere() async throws {
    try await ScriptedStore.play(
      Self.opened + """
        C: m3 UID FETCH 2 (UID BODY.PEEK[])
        S: * 2 FETCH (UID 2 BODY[] NIL)
        S: m3 OK done
        \(Self.searched(for: 2, finding: " 2"))
        C: m6 UID FETCH 2 (UID BODY.PEEK[])
        S: * 2 FETCH (UID 2 BODY[] NIL)
        S: m6 OK done
        """
    ) { world in
      let read = try await Self.read([2], world)
      guard case .failure(let error)? = read[.uid(2)] else {
        Issue.record("\(read)")
        return
      }
      #expect(error.scope == .message)
      #expect(error.text.hasSuffix("UID 2: the server does not show this message"))
    }
  }

  /// The mailbox opened anew, and asked whether a message is there.
  private static func searched(for uid: UID, finding found: String) -> String {
    """
    C: m4 SELECT "INBOX"
    S: * 3 EXISTS
    S: * OK [UIDVALIDITY 1] ok
    S: m4 OK done
    C: m5 UID SEARCH UID \(uid)
    S: * SEARCH\(found)
    S: m5 OK done
    """
  }
}
