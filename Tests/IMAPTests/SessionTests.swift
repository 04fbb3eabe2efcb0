import IMAP
import Mail
import Testing

@Suite("Session")
struct SessionTests {
  private static func said(_ text: String) -> SessionEvent { .received(Array((text + "\r\n").utf8)) }

  private static func started(_ greeting: String = "* PREAUTH hello") -> Session {
    var session = Session()
    _ = session.handle(said(greeting))
    return session
  }

  @Test("the phase follows what is confirmed, not what is asked")
  func phases() throws {
    let box = try #require(MailboxName("box"))
    let credentials = try #require(Credentials(user: "a", password: Secret("b")))
    var session = Session()
    #expect(session.phase == .greeting)
    _ = session.handle(Self.said("* OK hello"))
    #expect(session.phase == .notAuthenticated)
    _ = session.handle([.submit(1, .login(credentials)), .submit(2, .select(box, readOnly: false, .none))])
    _ = session.handle(Self.said("m1 NO wrong"))
    #expect(session.phase == .notAuthenticated)
    _ = session.handle([Self.said("m2 BAD not yet"), .submit(1, .login(credentials)), Self.said("m3 OK in")])
    #expect(session.phase == .authenticated)
    _ = session.handle([.submit(2, .select(box, readOnly: false, .none)), Self.said("m4 OK [READ-ONLY] ok")])
    #expect(session.phase == .selected(box, isReadOnly: true))
    _ = session.handle([.submit(2, .select(.inbox, readOnly: false, .none)), Self.said("m5 NO none")])
    #expect(session.phase == .authenticated)
    _ = session.handle([.submit(2, .select(box, readOnly: false, .none)), Self.said("m6 OK ok")])
    #expect(session.phase == .selected(box, isReadOnly: false))
    _ = session.handle([.submit(2, .logout), Self.said("* BYE bye")])
    #expect(session.phase == .leaving)
    _ = session.handle(Self.said("m7 OK ok"))
    #expect(session.phase == .loggedOut)
    #expect(session.handle(.closed) == [])
    #expect(session.phase == .closed)
  }

  @Test("a refused SELECT is no way past the login")
  func refusedBeforeLogin() throws {
    var session = Self.started("* OK [CAPABILITY IMAP4rev1 IDLE] hello")
    _ = session.handle([.submit(1, .select(.inbox, readOnly: false, .none)), Self.said("m1 BAD not logged in")])
    #expect(session.phase == .notAuthenticated)
  }

  @Test(
    "capabilities are known after a login only where it told them",
    arguments: [
      (["m1 OK in"], false), (["m1 OK [CAPABILITY IMAP4rev1] in"], true),
      (["* CAPABILITY IMAP4rev1", "m1 OK in"], true), (["m1 NO out"], true),
    ])
  func capabilities(_ lines: [String], _ isKnown: Bool) throws {
    let credentials = try #require(Credentials(user: "a", password: Secret("b")))
    var session = Self.started("* OK [CAPABILITY IMAP4rev1 LITERAL+] hello")
    #expect(session.capabilities.isKnown)
    _ = session.handle(.submit(1, .login(credentials)))
    for line in lines { _ = session.handle(Self.said(line)) }
    #expect(session.capabilities.isKnown == isKnown)
  }

  @Test("an answer to CAPABILITY asked before the login says nothing of after it")
  func capabilityAskedBefore() throws {
    let credentials = try #require(Credentials(user: "a", password: Secret("b")))
    var session = Self.started("* OK hello")
    _ = session.handle([.submit(1, .capability), .submit(2, .login(credentials))])
    for line in ["* CAPABILITY IMAP4rev1 LITERAL+", "m1 OK", "m2 OK in"] { _ = session.handle(Self.said(line)) }
    #expect(!session.capabilities.isKnown)
  }

  @Test("nothing told before TLS is known after it (law L13)")
  func capabilitiesBeforeTLS() {
    var session = Self.started("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello")
    _ = session.handle([.submit(1, .startTLS), Self.said("m1 OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] go")])
    #expect(session.phase == .securing)
    #expect(session.capabilities == Capabilities())
    _ = session.handle(.secured)
    #expect(session.phase == .notAuthenticated)
    #expect(!session.capabilities.isKnown)
  }

  @Test("IMAP4rev2 and QRESYNC imply what is built into them")
  func implied() {
    let rev2 = Capabilities([.imap4rev2])
    #expect(rev2.contains(.move) && rev2.contains(.literalMinus) && !rev2.contains(.literalPlus))
    #expect(rev2.usesUTF8Names && !Capabilities([.imap4rev1, .imap4rev2]).usesUTF8Names)
    #expect(Capabilities([.qresync]).contains(.condStore))
    #expect(Capabilities([Capability("appendlimit=35651584")]).appendLimit == 35_651_584)
    #expect(Capabilities([Capability("APPENDLIMIT")]).appendLimit == nil)
  }

  @Test("events handled together are written together, DONE first")
  func together() {
    var session = Self.started()
    let begun = session.handle([.submit(1, .idle), Self.said("+ idling")])
    #expect(begun.last == .idling(1, text: "idling"))
    let effects = session.handle([.submit(2, .noop), .submit(3, .idle)])
    #expect(effects == [.write(Array("DONE\r\nm2 NOOP\r\nm3 IDLE\r\n".utf8))])
  }

  @Test("answers may come in any order")
  func order() {
    var session = Self.started()
    _ = session.handle([.submit(7, .noop), .submit(8, .noop)])
    #expect(session.handle(Self.said("m2 OK b")) == [.completed(8, Completion(.ok, text: "b"))])
    #expect(session.handle(Self.said("m1 BAD a")) == [.completed(7, Completion(.bad, text: "a"))])
  }

  @Test("a tag is compared whole", arguments: ["M1", "m01", "m1m", "m", "1", "m2"])
  func tags(_ tag: String) {
    var session = Self.started()
    _ = session.handle(.submit(1, .noop))
    #expect(session.handle(Self.said("\(tag) OK")) == [.failed(.unexpectedTag(tag))])
    #expect(session.handle(Self.said("m1 OK")) == [])
  }

  @Test("COPYUID pairs in the order written, ranges ascending whichever way they are written")
  func pairs() throws {
    var session = Self.started()
    _ = session.handle(.submit(1, .uidCopy([1, 2, 5], to: .inbox)))
    let effects = session.handle(Self.said("m1 OK [COPYUID 9 5,2:1 1:2,7] done"))
    guard case .completed(1, let completion) = effects.first, case .copyUID(let copied) = completion.code else {
      Issue.record("no COPYUID: \(effects)")
      return
    }
    #expect(copied.pairs.map(\.source) == [5, 1, 2])
    #expect(copied.pairs.map(\.destination) == [1, 2, 7])
  }

  @Test("a COPYUID of a mailbox's worth of UIDs too many is not believed (law L12)")
  func hugeCopyUID() {
    var session = Self.started()
    _ = session.handle(.submit(1, .uidCopy([1], to: .inbox)))
    let effects = session.handle(Self.said("m1 OK [COPYUID 9 1:4294967295 1:4294967295] done"))
    #expect(effects == [.completed(1, Completion(.ok, code: .other("COPYUID"), text: "done"))])
  }

  @Test("a password is not sent to a server that asks twice")
  func askedTwice() throws {
    let credentials = try #require(Credentials(user: "a", password: Secret("b")))
    var session = Self.started("* OK hello")
    _ = session.handle([.submit(1, .authenticatePlain(credentials)), Self.said("+")])
    #expect(session.handle(Self.said("+")) == [.failed(.unexpectedContinuation)])
  }

  @Test("after a failure nothing is said any more")
  func afterFailure() {
    var session = Self.started()
    _ = session.handle(Self.said("+ ?"))
    #expect(session.phase == .failed(.unexpectedContinuation))
    #expect(session.handle([.submit(1, .noop), Self.said("* OK"), .endIdle, .closed]) == [])
  }
}
