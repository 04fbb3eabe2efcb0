import IMAP
import Testing

@Suite("Quirks")
struct QuirkTests {
  @Test(
    "a tolerance that a server needs is noted by its name",
    arguments: [
      ("* OK [HIGHESTMODSEQ 7]", Quirks.missingText), ("*  522 EXISTS", .doubledSpaces),
      ("* STATUS a ()", .emptyStatus),
      ("* STATUS a (MESSAGES 0) ", .trailingSpace), ("[COPYUID 52 86 1146] moved", .bareCopyUID),
      ("* OK [UIDVALIDITY 0] zero", .zeroState), ("* STATUS a (UIDNEXT 0)", .zeroState),
      ("* 1 FETCH (BODY[] {1}\r\nxUID 1)", .missingSpace),
      ("* STATUS {2}\r\n\u{FC} ()", Quirks([.eightBitNames, .emptyStatus])),
      ("* 3 EXISTS", Quirks()),
      ("* STATUS a (MESSAGES 0)", Quirks()),
      ("* 1 FETCH (BODY[] {1}\r\nx UID 1)", Quirks()), ("* OK [HIGHESTMODSEQ 7] fine", Quirks()),
    ])
  func noted(_ line: String, _ quirk: Quirks) {
    var session = Session()
    _ = session.handle(.received(Array("* PREAUTH hello\r\n".utf8)))
    _ = session.handle(.received(Array((line + "\r\n").utf8)))
    #expect(session.quirks == quirk)
  }

  @Test(
    "a + without a space is one",
    arguments: [("+", Quirks.bareContinuation), ("+idling", .bareContinuation), ("+ idling", Quirks())])
  func continuation(_ line: String, _ quirk: Quirks) {
    var session = Session()
    _ = session.handle(.received(Array("* PREAUTH hello\r\n".utf8)))
    _ = session.handle(.submit(1, .idle))
    let effects = session.handle(.received(Array((line + "\r\n").utf8)))
    #expect(effects.contains { if case .idling(1, _) = $0 { true } else { false } })
    #expect(session.quirks == quirk)
  }
}
