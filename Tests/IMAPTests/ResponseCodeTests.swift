import IMAP
import Mail
import Testing

@Suite("Response codes")
struct ResponseCodeTests {
  @Test(
    "each code is read",
    arguments: [
      ("ALERT", ResponseCode.alert), ("BADCHARSET (UTF-8 \"US-ASCII\")", .badCharset), ("CLOSED", .closed),
      ("PARSE", .parse), ("READ-ONLY", .readOnly), ("READ-WRITE", .readWrite),
      ("REFERRAL imap://x;AUTH=*@evil.example/", .referral), ("TRYCREATE", .tryCreate),
      ("UIDNEXT 4392", .uidNext(4392)),
      ("UIDVALIDITY 3857529045", .uidValidity(UIDValidity(rawValue: 3_857_529_045))), ("UIDNOTSTICKY", .uidNotSticky),
      ("UNSEEN 12", .unseen), ("ALREADYEXISTS", .alreadyExists), ("AUTHENTICATIONFAILED", .authenticationFailed),
      ("AUTHORIZATIONFAILED", .authorizationFailed), ("CANNOT", .cannot), ("CLIENTBUG", .clientBug),
      ("CONTACTADMIN", .contactAdmin), ("CORRUPTION", .corruption), ("EXPIRED", .expired),
      ("EXPUNGEISSUED", .expungeIssued), ("HASCHILDREN", .hasChildren), ("INUSE", .inUse), ("LIMIT", .limit),
      ("NONEXISTENT", .nonExistent), ("NOPERM", .noPermission), ("OVERQUOTA", .overQuota),
      ("PRIVACYREQUIRED", .privacyRequired), ("SERVERBUG", .serverBug), ("UNAVAILABLE", .unavailable),
      ("HIGHESTMODSEQ 9223372036854775807", .highestModSeq(ModSequence(rawValue: 9_223_372_036_854_775_807))),
      ("HIGHESTMODSEQ 0", .highestModSeq(.none)), ("NOMODSEQ", .noModSeq), ("BADEVENT (MessageNew)", .badEvent),
      ("NOTIFICATIONOVERFLOW", .notificationOverflow), ("TOOBIG", .tooBig),
      ("MAILBOXID (F2212ea87)", .mailboxID("F2212ea87")),
      ("INPROGRESS (\"A1\" 3 10)", .inProgress), ("THROTTLED", .throttled), ("limit", .limit),
      ("PERMANENTFLAGS (\\Seen \\*)", .permanentFlags(PermanentFlags(FlagSet(.seen), takesNewKeywords: true))),
      ("PERMANENTFLAGS ()", .permanentFlags(PermanentFlags(.none, takesNewKeywords: false))),
      ("CAPABILITY IMAP4rev1 IDLE", .capability(Capabilities([.imap4rev1, .idle]))), ("X-Foo bar", .other("X-FOO")),
      // Malformed or absurd: by name only.
      ("UIDNEXT", .other("UIDNEXT")), ("UIDNEXT 4294967296", .other("UIDNEXT")), ("UIDNEXT 1 2", .other("UIDNEXT")),
      ("UIDVALIDITY -1", .other("UIDVALIDITY")), ("HIGHESTMODSEQ 9223372036854775808", .other("HIGHESTMODSEQ")),
      ("PERMANENTFLAGS", .other("PERMANENTFLAGS")), ("MAILBOXID x", .other("MAILBOXID")), ("", .other("")),
    ])
  func code(_ text: String, _ code: ResponseCode) {
    var session = Session()
    _ = session.handle(.received(Array("* PREAUTH hello\r\n".utf8)))
    let effects = session.handle(.received(Array("* OK [\(text)] words\r\n".utf8)))
    #expect(effects == [.untagged(.ok(ResponseText(code: code, text: "words")))])
  }

  @Test("APPENDUID counts in the OK of an APPEND", arguments: [("OK", true), ("NO", false), ("BAD", false)])
  func appendUID(_ status: String, _ isBelieved: Bool) {
    var session = Session()
    _ = session.handle(.received(Array("* PREAUTH [CAPABILITY LITERAL+] hello\r\n".utf8)))
    _ = session.handle([.submit(1, .append(to: .inbox, .none, nil, size: 1)), .uploaded(1)])
    let effects = session.handle(.received(Array("m1 \(status) [APPENDUID 38505 3955] x\r\n".utf8)))
    guard case .completed(1, let completion) = effects.first else {
      Issue.record("not completed")
      return
    }
    let told = ResponseCode.appendUID(UIDValidity(rawValue: 38505), 3955)
    #expect(completion.code == (isBelieved ? told : .other("APPENDUID")))
  }
}
