import Mail
import Testing

@testable import IMAP

@Suite("A password that the server repeats (L13)")
struct RepeatedPasswordTests {
  private static let password = "p#4711"

  /// A session in which a login is unanswered.
  private static func session(_ password: String = password) throws -> Session {
    let credentials = try #require(Credentials(user: "me", password: Secret(password)))
    var session = Session()
    _ = session.handle(.received(Array("* OK [CAPABILITY IMAP4rev1] hi\r\n".utf8)))
    _ = session.handle(.submit(1, .login(credentials)))
    return session
  }

  private static func heard(_ lines: String..., by session: inout Session) -> String {
    session.handle(lines.map { .received(Array(($0 + "\r\n").utf8)) }).map(\.description).joined(separator: "\n")
  }

  @Test(
    "is hidden in whatever is said until the login has succeeded, also where a text is cut or malformed",
    arguments: [
      "m1 NO \(String(repeating: "x", count: 396))\(password)", "m1 BAD what is \(password)?", "* BYE \(password)",
      "* OK [ALERT] not \(password)", "* NO \(password)", "* BAD \(password)", "* \(password)",
      "m1 NO [\(password)] no",
      "* 1 FETCH \(password)", "* 1 \(password)", "\(password) NO x", "\(password)", "+ \(password)",
      "* 1 FETCH \(String(repeating: "x", count: 187))\(password)", "m1 NO no\r\n* BYE \(password)",
      "m1 NO no\r\n\(password) OK", "m1 NO no\r\n* OK [ALERT] \(password)",
    ])
  func said(line: String) throws {
    var session = try Self.session()
    let heard = Self.heard(line, by: &session)
    #expect(!heard.isEmpty)
    for part in ["p#", "P#", "4711"] { #expect(!heard.contains(part), "\(heard)") }
  }

  @Test(
    "is hidden where it would be shown in other characters, or taken for a code",
    arguments: ["x\u{200d}y1", "x\u{ad}y1", "x\u{1}y1", "[x]y1", "[x y1", "x]y1", #"x"\y1"#])
  func characters(password: String) throws {
    for text in [password, "[ALERT] \(password)", "[ALERT]\(password) no"] {
      var session = try Self.session(password)
      let heard = Self.heard("m1 NO \(text)", by: &session)
      #expect(heard.contains("***"))
      #expect(!heard.contains("y1"), "\(heard)")
    }
  }

  @Test("is hidden as SASL PLAIN says it, however long that is")
  func longBase64() throws {
    let password = String(repeating: "k", count: 600)
    let credentials = try #require(Credentials(user: "me", password: Secret(password)))
    var session = try Self.session(password)
    let heard = Self.heard("m1 NO \(String(decoding: credentials.plainMessage, as: UTF8.self))", by: &session)
    #expect(heard == "completed 1 NO ***")
  }

  @Test("costs no code, and no text after the login has succeeded")
  func afterwards() throws {
    var session = try Self.session("IDLE")
    let heard = Self.heard("m1 OK [CAPABILITY IMAP4rev1 IDLE] no IDLE", "* OK this is IDLE", by: &session)
    #expect(session.capabilities.contains(.idle))
    #expect(heard.hasPrefix("completed 1 OK [CAPABILITY ") && heard.hasSuffix("] no ***\n* OK this is IDLE"))
  }

  @Test("is not searched for in a text beyond the limit, of which nothing is shown", arguments: [-1, 0, 1])
  func length(beyond: Int) throws {
    var session = try Self.session()
    let text = Self.password + String(repeating: "x", count: Credentials.searchedMax + beyond - Self.password.count)
    let heard = Self.heard("m1 NO \(text)", by: &session)
    #expect(heard.hasPrefix(beyond <= 0 ? "completed 1 NO ***xx" : "completed 1 NO (8193 octets during the login)"))
    #expect(!heard.contains("4711"))
  }
}
