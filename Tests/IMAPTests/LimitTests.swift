import IMAP
import Mail
import Testing

@Suite("Limits (law L12)")
struct LimitTests {
  static func session(_ change: (inout SessionLimits) -> Void) -> Session {
    var limits = SessionLimits()
    change(&limits)
    var session = Session(limits: limits)
    _ = session.handle(.received(Array("* PREAUTH hello\r\n".utf8)))
    return session
  }

  /// The failure that a session meets in these octets, whole and octet by octet.
  static func failure(_ session: Session, _ text: String) throws -> SessionError? {
    var (whole, slow) = (session, session)
    let octets = Array(text.utf8)
    let effects = whole.handle(.received(octets))
    let slowEffects = octets.flatMap { slow.handle(.received([$0])) }
    try #require([Transcript.Expected](effects) == [Transcript.Expected](slowEffects))
    guard case .failed(let error) = effects.last else { return nil }
    return error
  }

  @Test("a response may be as long as the limit", arguments: [(-1, true), (0, true), (1, false)])
  func responseLength(_ beyond: Int, _ isFine: Bool) throws {
    let session = Self.session { $0.responseLengthMax = 1000 }
    let line = "* OK " + String(repeating: "x", count: 995 + beyond)
    #expect(try Self.failure(session, line + "\r\n") == (isFine ? nil : .limit(.responseLength)))
    let literals = "* LIST () \"/\" {80}\r\n" + String(repeating: "x", count: 80)
    let longer = literals + String(repeating: " ", count: 1000 + beyond - literals.utf8.count)
    #expect(try Self.failure(session, longer + "\r\n") == (isFine ? nil : .limit(.responseLength)))
  }

  @Test("a line that never ends is given up")
  func endless() throws {
    let session = Self.session { $0.responseLengthMax = 1000 }
    #expect(try Self.failure(session, String(repeating: "x", count: 1003)) == .limit(.responseLength))
    #expect(try Self.failure(session, "* OK " + String(repeating: "\n", count: 1000)) == .limit(.responseLength))
  }

  @Test("a kept literal may be as long as the limit", arguments: [(-1, true), (0, true), (1, false)])
  func literalLength(_ beyond: Int, _ isFine: Bool) throws {
    let session = Self.session { $0.literalLengthMax = 50 }
    let text = "* LIST () \"/\" {\(50 + beyond)}\r\n" + String(repeating: "x", count: 50 + beyond) + "\r\n"
    #expect(try Self.failure(session, text) == (isFine ? nil : .limit(.literalLength)))
  }

  @Test("of a FETCH a longer one passes by, and is told as an empty one (L11)", arguments: [0, 1])
  func droppedLiteral(_ beyond: Int) throws {
    let field = "Message-ID: <" + String(repeating: "a", count: 50 + beyond - 18) + ">\r\n\r\n"
    #expect(field.utf8.count == 50 + beyond)
    let text =
      "* 1 FETCH (UID 7 BODY[HEADER.FIELDS (MESSAGE-ID)] {\(field.utf8.count)}\r\n\(field) FLAGS (\\Seen))\r\n* 3 EXISTS\r\n"
    for size in [1, 7, text.utf8.count] {
      var session = Self.session { $0.literalLengthMax = 50 }
      var heard: [SessionEffect] = []
      var rest = Array(text.utf8)[...]
      while !rest.isEmpty {
        heard += session.handle(.received(Array(rest.prefix(size))))
        rest = rest.dropFirst(size)
      }
      guard case .untagged(.fetch(let response))? = heard.first else {
        Issue.record("heard \(heard)")
        return
      }
      #expect(response.uid == 7 && response.flags?.system == [.seen])
      #expect((response.messageID == nil) == (beyond > 0))
      #expect(heard.last == .untagged(.exists(3)))
    }
  }

  @Test(
    "a literal of more octets than there are is given up",
    arguments: ["99999999999999999999", "9223372036854775808", "\(SessionLimits.messageSizeMax + 1)"])
  func absurdLiteral(_ size: String) throws {
    let session = Self.session { _ in }
    #expect(try Self.failure(session, "* LIST () \"/\" {\(size)}\r\n") == .limit(.literalLength))
    #expect(try Self.failure(session, "* 1 FETCH (UID 1 BODY[] {\(size)}\r\n") == .limit(.literalLength))
  }

  @Test("a size or a count that cannot be is none, so that sums stay numbers (L12)")
  func sizes() throws {
    let untagged = { (line: String) in
      var session = Self.session { _ in }
      return session.handle(.received(Array((line + "\r\n").utf8)))
    }
    let most = SessionLimits.messageSizeMax
    #expect(untagged("* 1 FETCH (UID 1 RFC822.SIZE \(most))") != [])
    for line in [
      "* 1 FETCH (UID 1 RFC822.SIZE \(most + 1))", "* 4294967296 EXISTS", "* 4294967296 RECENT",
      "* 9223372036854775807 EXISTS",
    ] {
      guard case .untagged(.unreadable)? = untagged(line).first else {
        Issue.record("\(line) was read")
        continue
      }
    }
    #expect(untagged("* 4294967295 EXISTS") == [.untagged(.exists(4_294_967_295))])
  }

  @Test("a body of a size that can be has no such limit, and is never held")
  func body() throws {
    var session = Self.session { limits in
      limits.literalLengthMax = 10
      limits.responseLengthMax = 100
    }
    let start = "* 1 FETCH (UID 1 BODY[] {\(SessionLimits.messageSizeMax)}\r\n"
    #expect(session.handle(.received(Array(start.utf8))).count == 1)
    let chunk = [UInt8](repeating: 0x78, count: 1 << 20)
    for _ in 0..<50 { #expect(session.handle(.received(chunk)) == [.body(chunk)]) }
  }

  @Test("parentheses may be as deep as the limit", arguments: [(-1, true), (0, true), (1, false)])
  func depth(_ beyond: Int, _ isFine: Bool) throws {
    let session = Self.session { $0.nestingDepthMax = 20 }
    let depth = 20 + beyond
    let value = String(repeating: "(", count: depth) + "a" + String(repeating: ")", count: depth)
    #expect(try Self.failure(session, "* 1 FETCH (BODY \(value))\r\n") == (isFine ? nil : .limit(.nestingDepth)))
  }

  @Test("a list may be as long as the limit", arguments: [(-1, true), (0, true), (1, false)])
  func list(_ beyond: Int, _ isFine: Bool) throws {
    let session = Self.session { $0.listCountMax = 30 }
    let words = (0..<(30 + beyond)).map { "a\($0)" }.joined(separator: " ")
    let expected: SessionError? = isFine ? nil : .limit(.listCount)
    #expect(try Self.failure(session, "* FLAGS (\(words))\r\n") == expected)
    #expect(try Self.failure(session, "* CAPABILITY \(words)\r\n") == expected)
    #expect(try Self.failure(session, "* 1 FETCH (FLAGS (\(words)))\r\n") == expected)
  }

  @Test("a long response costs in proportion to its length, however it is cut", .timeLimit(.minutes(1)))
  func linear() throws {
    var session = Self.session { _ in }
    // Descending odd numbers: the worst order for a set, a line of 1 MB, one octet at a time.
    let numbers = stride(from: 300_001, to: 0, by: -2).map(String.init).joined(separator: " ")
    var effects: [SessionEffect] = []
    for octet in "* SEARCH \(numbers)\r\n".utf8 { effects += session.handle(.received([octet])) }
    guard case .untagged(.search(let set)) = effects.first else {
      Issue.record("no SEARCH came")
      return
    }
    #expect(set.count == 150_001)
  }

  @Test("a long first word is not looked at anew for each literal", .timeLimit(.minutes(1)))
  func longFirstWord() throws {
    var session = Self.session { _ in }
    var effects = session.handle(.received(Array("* \(String(repeating: "A", count: 4 << 20))".utf8)))
    let literals = Array(String(repeating: "{0}\r\n", count: 10_000).utf8)
    for _ in 0..<40 { effects += session.handle(.received(literals)) }
    #expect(effects.isEmpty)
    effects += session.handle(.received(Array("\r\n".utf8)))
    #expect(effects.count == 1)
  }
}
