import Mail
import Testing

@testable import IMAP

@Suite("A session's trace")
struct TraceTests {
  private static let password = #"se"cret\word"#
  /// What no line may hold: the password as it is, quoted, and as SASL PLAIN says it.
  private static let secrets = [password, #"se\"cret\\word"#, "AG1lAHNlImNyZXRcd29yZA=="]

  private static func said(_ text: String) -> SessionEvent { .received(Array((text + "\r\n").utf8)) }

  private static func lines(_ effects: [SessionEffect]) -> [String] {
    effects.compactMap { effect in
      switch effect {
      case .sent(let line): "C: " + line
      case .heard(let line): "S: " + line
      default: nil
      }
    }
  }

  /// What the server offers, by which command, what it answers, and what is shown of it.
  static let logins: [(String, isPlain: Bool, [String], [String])] = [
    ("IMAP4rev1", false, ["m1 OK in"], ["C: m1 LOGIN ***", "S: m1 OK in"]),
    ("IMAP4rev1 SASL-IR", true, ["m1 OK in"], ["C: m1 AUTHENTICATE PLAIN ***", "S: m1 OK in"]),
    ("IMAP4rev1", true, ["+ ", "m1 OK in"], ["C: m1 AUTHENTICATE PLAIN ***", "S: + ", "S: m1 OK in"]),
    ("IMAP4rev1 LITERAL+", false, ["m1 NO wrong"], ["C: m1 LOGIN ***", "S: m1 NO wrong"]),
  ]

  @Test("shows of a login that there was one, and never its arguments (L13)", arguments: logins)
  func login(capabilities: String, isPlain: Bool, answers: [String], expected: [String]) throws {
    let credentials = try #require(Credentials(user: "me", password: Secret(Self.password)))
    var session = Session(isTraced: true)
    var effects = session.handle(Self.said("* OK [CAPABILITY \(capabilities)] hi"))
    effects += session.handle(.submit(1, isPlain ? .authenticatePlain(credentials) : .login(credentials)))
    for answer in answers { effects += session.handle(Self.said(answer)) }
    #expect(Self.lines(effects) == ["S: * OK [CAPABILITY \(capabilities)] hi"] + expected)
    // It was on the wire all the same.
    let written = effects.flatMap { effect -> [UInt8] in if case .write(let octets) = effect { octets } else { [] } }
    #expect(Self.secrets.contains { String(decoding: written, as: UTF8.self).contains($0) })
    #expect(!effects.contains { effect in Self.secrets.contains { effect.description.contains($0) } })
  }

  @Test("hides what a server repeats of a login (L13)", arguments: [secrets[0], secrets[1], secrets[2]])
  func echo(secret: String) throws {
    let credentials = try #require(Credentials(user: "me", password: Secret(Self.password)))
    var session = Session(isTraced: true)
    _ = session.handle(Self.said("* OK hi"))
    _ = session.handle(.submit(1, .login(credentials)))
    let long = String(repeating: "x", count: 990) + secret
    var lines = Self.lines(session.handle(Self.said("* BAD what is \(secret)?")))
    lines += Self.lines(session.handle(Self.said("* BAD \(long)")))
    lines += Self.lines(session.handle(Self.said("* BAD \(String(repeating: long, count: 20))")))
    lines += Self.lines(session.handle(Self.said("m1 NO what is \(secret)?")))
    #expect(lines.first == "S: * BAD what is ***?")
    #expect(lines.last == "S: m1 NO what is ***?")
    #expect(lines.count == 4)
    for line in lines { #expect(!line.contains("cret") && !line.contains("AG1l"), "\(line)") }
  }

  @Test("shows literals and messages by their size, and what controls a terminal as text (L12)")
  func shortened() throws {
    let name = try #require(MailboxName(bytes: Array("a\u{e9}b".utf8)))
    var session = Session(isTraced: true)
    var effects = session.handle(Self.said("* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+] \u{1B}[2J"))
    effects += session.handle([.submit(1, .append(to: name, .none, nil, size: 7)), .submit(2, .idle)])
    effects += session.handle(.uploaded(1))
    effects += session.handle(Self.said("m1 OK done"))
    effects += session.handle(Self.said("+ idling"))
    effects += session.handle(.endIdle)
    effects += session.handle(Self.said("* LIST () \"/\" {5}\r\nhello\r\n* 1 FETCH (BODY[] {5}\r\nhello UID 9)"))
    #expect(
      Self.lines(effects) == [
        #"S: * PREAUTH [CAPABILITY IMAP4rev1 LITERAL+] \u{1b}[2J"#, "C: m1 APPEND {4} {7}", "C: m2 IDLE",
        "S: m1 OK done", "S: + idling", "C: DONE", #"S: * LIST () "/" {5}"#, "S: * 1 FETCH (BODY[] {5}", "S:  UID 9)",
      ])
  }

  @Test("is cut where it is long (L12)")
  func long() {
    var session = Session(isTraced: true)
    _ = session.handle(Self.said("* PREAUTH hi"))
    let lines = Self.lines(session.handle(Self.said("* OK " + String(repeating: "x", count: 1 << 20))))
    #expect(lines.first?.count == TraceLine.lengthMax + 4)
  }

  @Test("is nothing where nobody asked for it")
  func off() {
    var session = Session()
    let effects = session.handle([Self.said("* PREAUTH hi"), .submit(1, .noop), Self.said("m1 OK done")])
    #expect(Self.lines(effects).isEmpty)
    #expect(!effects.isEmpty)
  }
}
