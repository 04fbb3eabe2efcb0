import IMAP
import Mail
import Testing

@Suite("Commands on the wire")
struct CommandEncodingTests {
  private static let rename = MailboxName("a")
  private static let set: UIDSet = [1, 2, 3, 7]

  /// What a logged-in session with these capabilities writes for a command, its literals released.
  private static func wire(_ command: Command, _ capabilities: String = "IMAP4rev1") -> String {
    var session = Session()
    _ = session.handle(.received(Array("* PREAUTH [CAPABILITY \(capabilities)] hello\r\n".utf8)))
    var effects = session.handle(.submit(1, command))
    var octets: [UInt8] = []
    while !effects.isEmpty {
      for case .write(let written) in effects { octets += written }
      if effects.contains(.upload(1)) {
        effects = session.handle(.uploaded(1))
      } else if octets.suffix(3) == Array("}\r\n".utf8) {
        effects = session.handle(.received(Array("+ go\r\n".utf8)))
      } else {
        effects = []
      }
    }
    return String(decoding: octets, as: UTF8.self)
  }

  private static func name(_ text: String) throws -> MailboxName { try #require(MailboxName(text)) }

  @Test("each command is written as its RFC says")
  func commands() throws {
    let box = try Self.name("Box")
    let flags = FlagSet([.seen, .draft], keywords: [.forwarded])
    let table: [(Command, String)] = [
      (.capability, "CAPABILITY"), (.noop, "NOOP"), (.logout, "LOGOUT"), (.id([]), "ID NIL"),
      (
        .id([.init(name: "name", value: "martlet"), .init(name: "os", value: nil)]), #"ID ("name" "martlet" "os" NIL)"#
      ),
      (.enable([.qresync, .utf8Accept, Capability("A B")]), "ENABLE QRESYNC UTF8=ACCEPT"), (.namespace, "NAMESPACE"),
      (.list(reference: .empty, pattern: try Self.name("INBOX.*"), returning: .none), #"LIST "" "INBOX.*""#),
      (.lsub(reference: .empty, pattern: try Self.name("*")), #"LSUB "" "*""#),
      (
        .status(box, [.messages, .unseen, .size, .mailboxID, .appendLimit]),
        #"STATUS "Box" (MESSAGES UNSEEN SIZE MAILBOXID APPENDLIMIT)"#
      ),
      (.select(box, readOnly: true, .none), #"EXAMINE "Box""#),
      (.select(box, readOnly: false, .condStore), #"SELECT "Box" (CONDSTORE)"#),
      (
        .select(box, readOnly: false, .qresync(.init(rawValue: 9), .init(rawValue: 8))),
        #"SELECT "Box" (QRESYNC (9 8))"#
      ),
      (.expunge, "EXPUNGE"), (.idle, "IDLE"),
      (
        .uidFetch(.set(Self.set), [.uid, .flags, .modSeq, .emailID, .messageID, .envelope, .body]),
        "UID FETCH 1:3,7 (UID FLAGS MODSEQ EMAILID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)] ENVELOPE BODY.PEEK[])"
      ),
      (.uidFetch(.from(4), [.body]), "UID FETCH 4:* (BODY.PEEK[])"),
      (.uidFetch(.from(1), [.flags], changedSince: .init(rawValue: 5)), "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 5)"),
      (.uidStore(Self.set, .remove, flags, silent: false), #"UID STORE 1:3,7 -FLAGS (\Seen \Draft $Forwarded)"#),
      (.uidStore(Self.set, .add, flags, silent: true), #"UID STORE 1:3,7 +FLAGS.SILENT (\Seen \Draft $Forwarded)"#),
      (.uidSearch([], returningAll: true), "UID SEARCH RETURN (ALL) ALL"),
      (.uidSearch([.deleted, .uid(.from(9))], returningAll: false), "UID SEARCH DELETED UID 9:*"),
      (.uidCopy(Self.set, to: box), #"UID COPY 1:3,7 "Box""#), (.uidMove(Self.set, to: box), #"UID MOVE 1:3,7 "Box""#),
      (.uidExpunge(Self.set), "UID EXPUNGE 1:3,7"),
    ]
    for (command, text) in table { #expect(Self.wire(command) == "m1 \(text)\r\n") }
  }

  @Test("each command that makes or changes something is written as its RFC says")
  func changingCommands() throws {
    let box = try Self.name("Box")
    let flags = FlagSet([.seen, .draft], keywords: [.forwarded])
    let table: [(Command, String)] = [
      (
        .append(to: box, flags, InternalDate(secondsSince1970: 0), size: 3),
        "APPEND \"Box\" (\\Seen \\Draft $Forwarded) \" 1-Jan-1970 00:00:00 +0000\" {3}\r\n"
      ),
      (.append(to: box, .none, InternalDate(secondsSince1970: .max), size: 3), "APPEND \"Box\" {3}\r\n"),
      (.create(box), #"CREATE "Box""#), (.delete(box), #"DELETE "Box""#),
      (.rename(box, to: box), #"RENAME "Box" "Box""#),
      (.subscribe(box), #"SUBSCRIBE "Box""#), (.unsubscribe(box), #"UNSUBSCRIBE "Box""#),
      (.notifyNone, "NOTIFY NONE"),
      (
        .notify(NotifyRequest(status: false, flagChanges: false, mailboxNames: false, subscriptions: false)),
        "NOTIFY SET (SELECTED (MessageNew MessageExpunge)) (PERSONAL (MessageNew MessageExpunge))"
      ),
    ]
    for (command, text) in table { #expect(Self.wire(command) == "m1 \(text)\r\n") }
  }

  static let hostile = [
    "a\r\nm9 LOGOUT", "a\nb", "a\rb", #"a" "b"#, #"a\"#, #"a\" NOOP"#, "a {5}", "a{5+}", "ü", "(a)", "", "*", "NIL",
    String(repeating: "x", count: 3000), "a\u{85}b", "\u{2028}",
  ]

  @Test("a hostile name stays one argument (law L12)", arguments: hostile)
  func names(_ text: String) throws {
    let box = try Self.name(text)
    let table: [(Command, [String])] = [
      (.create(box), ["CREATE", text]), (.select(box, readOnly: false, .none), ["SELECT", text]),
      (.uidMove([1], to: box), ["UID", "MOVE", "1", text]), (.rename(box, to: box), ["RENAME", text, text]),
      (.list(reference: box, pattern: box, returning: .none), ["LIST", text, text]),
    ]
    for (command, words) in table {
      for capabilities in ["IMAP4rev1", "IMAP4rev1 LITERAL+", "IMAP4rev1 LITERAL-"] {
        #expect(ServerWords.read(Self.wire(command, capabilities)) == ["m1"] + words)
      }
    }
  }

  @Test("a hostile user and password stay one argument each", arguments: hostile)
  func login(_ text: String) throws {
    let credentials = try #require(Credentials(user: text, password: Secret(text)))
    #expect(ServerWords.read(Self.wire(.login(credentials))) == ["m1", "LOGIN", text, text])
    #expect(ServerWords.read(Self.wire(.login(credentials), "LITERAL+")) == ["m1", "LOGIN", text, text])
  }

  @Test("NUL is in no name, user or password")
  func nul() {
    #expect(MailboxName("a\0b") == nil)
    #expect(Credentials(user: "a\0admin", password: Secret("x")) == nil)
    #expect(Credentials(user: "a", password: Secret("x\0y")) == nil)
    #expect(Self.wire(.id([.init(name: "n", value: "a\0b")])) == "m1 ID (\"n\" \"ab\")\r\n")
  }

  @Test("SASL PLAIN is the RFC's example", arguments: [("tim", "tanstaaftanstaaf", "AHRpbQB0YW5zdGFhZnRhbnN0YWFm")])
  func plain(_ user: String, _ password: String, _ response: String) throws {
    let credentials = try #require(Credentials(user: user, password: Secret(password)))
    #expect(Self.wire(.authenticatePlain(credentials), "SASL-IR") == "m1 AUTHENTICATE PLAIN \(response)\r\n")
  }

  @Test("a log shows what is sent, but no secret (law L13)", arguments: ["hunter2", "h\r\n2", "hünter2", "*"])
  func log(_ password: String) throws {
    let credentials = try #require(Credentials(user: "joe", password: Secret(password)))
    #expect(Command.login(credentials).description == "LOGIN ***")
    #expect(Command.authenticatePlain(credentials).description == "AUTHENTICATE PLAIN ***")
    #expect(String(reflecting: Command.login(credentials)) == "LOGIN ***")
    let box = try Self.name("a\r\nb")
    #expect(Command.append(to: box, .none, nil, size: 7).description == "APPEND {4} {7}")
    var session = Session()
    _ = session.handle(.received(Array("* OK hello\r\n".utf8)))
    let effects = session.handle(.submit(1, .login(credentials)))
    #expect(!"\(effects)".contains("hunter2"))
  }
}

/// A command as a server reads it: its words, unquoted.
enum ServerWords {
  static func read(_ line: String) -> [String]? {
    var rest = Array(line.utf8)[...]
    guard rest.suffix(2) == [13, 10] else { return nil }
    rest.removeLast(2)
    var words: [String] = []
    while true {
      guard let word = word(&rest) else { return nil }
      words.append(String(decoding: word, as: UTF8.self))
      guard let separator = rest.popFirst() else { return words }
      guard separator == UInt8(ascii: " ") else { return nil }
    }
  }

  private static func word(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    switch rest.first {
    case UInt8(ascii: "\""): return quoted(&rest)
    case UInt8(ascii: "{"): return literal(&rest)
    default:
      let atom = rest.prefix { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "{") }
      rest = rest.dropFirst(atom.count)
      return Array(atom)
    }
  }

  private static func quoted(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    var text: [UInt8] = []
    rest.removeFirst()
    while let octet = rest.popFirst() {
      switch octet {
      case UInt8(ascii: "\""): return text
      case UInt8(ascii: "\\"): text.append(rest.popFirst() ?? 0)
      case 13, 10, 0, 0x80...: return nil
      default: text.append(octet)
      }
    }
    return nil
  }

  private static func literal(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    guard let end = rest.firstIndex(of: 10) else { return nil }
    let digits = rest[..<end].filter { (0x30...0x39).contains($0) }
    guard let size = Int(String(decoding: digits, as: UTF8.self)), rest.endIndex - end - 1 >= size else { return nil }
    let text = rest[(end + 1)..<(end + 1 + size)]
    rest = rest[(end + 1 + size)...]
    return Array(text)
  }
}
