import IMAP
import Mail
import Testing

/// One below, at, and one beyond the limit of each production of the grammar; see docs/limits.md.
@Suite("Limits of single productions (law L12)")
struct ProductionLimitTests {
  /// What a logged-in session says of one line.
  private static func untagged(
    _ line: String, _ change: (inout SessionLimits) -> Void = { _ in }
  ) throws -> Untagged {
    var session = LimitTests.session(change)
    let effects = session.handle(.received(Array((line + "\r\n").utf8)))
    guard case .untagged(let untagged)? = effects.first else {
      throw Transcript.Unreadable(description: "nothing untagged: \(effects)")
    }
    return untagged
  }

  private static func text(_ count: Int) -> String { String(repeating: "x", count: count) }

  private static func isUnreadable(_ untagged: Untagged) -> Bool {
    if case .unreadable = untagged { true } else { false }
  }

  @Test("a capability may be as long as the limit", arguments: [(-1, true), (0, true), (1, false)])
  func capability(_ beyond: Int, _ isFine: Bool) throws {
    let word = Self.text(SessionLimits.capabilityLengthMax + beyond)
    let failure = try LimitTests.failure(LimitTests.session { _ in }, "* CAPABILITY IMAP4rev1 \(word)\r\n")
    #expect(failure == (isFine ? nil : .limit(.listCount)))
  }

  @Test("an object's identifier may be as long as the limit", arguments: [(-1, true), (0, true), (1, false)])
  func objectID(_ beyond: Int, _ isFine: Bool) throws {
    let identifier = Self.text(SessionLimits.objectIDLengthMax + beyond)
    let told = try Self.untagged("* 1 FETCH (UID 7 EMAILID (\(identifier)))")
    #expect(Self.isUnreadable(told) == !isFine)
    if case .fetch(let response) = told { #expect(response.emailID == identifier) }
  }

  @Test("a mailbox's name may be as long as the limit", arguments: [(-1, true), (0, true), (1, false)])
  func mailboxName(_ beyond: Int, _ isFine: Bool) throws {
    let count = MailboxName.lengthMax + beyond
    let told = try Self.untagged("* LIST () \"/\" {\(count)}\r\n\(Self.text(count))")
    #expect(Self.isUnreadable(told) == !isFine)
    if case .list(let response) = told { #expect(response.name.bytes.count == count) }
  }

  @Test("a keyword may be as long as the limit; a longer one stays the server's", arguments: [-1, 0, 1])
  func keyword(_ beyond: Int) throws {
    let word = Self.text(Keyword.lengthMax + beyond)
    guard case .fetch(let response) = try Self.untagged("* 1 FETCH (UID 7 FLAGS (\\Seen \(word)))") else {
      Issue.record("no FETCH came")
      return
    }
    #expect(response.flags == FlagSet(.seen, keywords: beyond > 0 ? [] : [Keyword(word)].compactMap { $0 }))
  }

  @Test(
    "a message may have as many keywords as the limit; of one with more no flags are believed (L6)",
    arguments: [-1, 0, 1])
  func keywords(_ beyond: Int) throws {
    let words = (0..<(SessionLimits().keywordsMax + beyond)).map { "k\($0)" }
    let line = "* 1 FETCH (UID 7 FLAGS (\\Seen \(words.joined(separator: " ")) K1))"
    guard case .fetch(let response) = try Self.untagged(line) else {
      Issue.record("no FETCH came")
      return
    }
    #expect(response.uid == 7)
    #expect(response.flags == (beyond > 0 ? nil : FlagSet(.seen, keywords: words.compactMap { Keyword($0) })))
    guard case .flags(let flags) = try Self.untagged("* FLAGS (\(words.joined(separator: " ")))") else {
      Issue.record("no FLAGS came")
      return
    }
    #expect(flags.keywords.count == words.count, "a mailbox may have more")
  }

  @Test("a FETCH may tell as many items as the limit", arguments: [(62, true), (63, true), (64, false)])
  func fetchItems(_ others: Int, _ isFine: Bool) throws {
    let told = try Self.untagged("* 1 FETCH (\(String(repeating: "FLAGS () ", count: others))UID 7)")
    #expect(Self.isUnreadable(told) == !isFine)
    if case .fetch(let response) = told { #expect(response.uid == 7) }
  }

  @Test("of repeated FLAGS the last ones count, and all cost what their octets cost (L12)", .timeLimit(.minutes(1)))
  func repeatedFlags() throws {
    let list = "FLAGS (" + (0..<4_000).reversed().map { "k\($0)" }.joined(separator: " ") + ") "
    let line = "* 1 FETCH (" + String(repeating: list, count: 50) + "FLAGS (\\Seen z) UID 7)"
    guard case .fetch(let response) = try Self.untagged(line) else {
      Issue.record("no FETCH came")
      return
    }
    #expect(response.flags == FlagSet(.seen, keywords: [Keyword("z")].compactMap { $0 }))
  }

  @Test("of a Message-ID no more is kept than the limit", arguments: [-1, 0, 1])
  func messageID(_ beyond: Int) throws {
    let value = Self.text(512 + beyond)
    let header = "Message-ID: \(value)\r\n\r\n"
    let line = "* 1 FETCH (UID 7 BODY[HEADER.FIELDS (MESSAGE-ID)] {\(header.utf8.count)}\r\n\(header))"
    guard case .fetch(let response) = try Self.untagged(line) else {
      Issue.record("no FETCH came")
      return
    }
    #expect(response.messageID == String(value.prefix(512)))
  }

  @Test("a COPYUID may pair as many messages as the limit", arguments: [(-1, true), (0, true), (1, false)])
  func copiedUIDs(_ beyond: Int, _ isFine: Bool) throws {
    var session = LimitTests.session { $0.copiedUIDsMax = 10 }
    let uid = try #require(UID(rawValue: 1))
    _ = session.handle(.submit(CommandID(rawValue: 1), .uidCopy([uid], to: .inbox)))
    let last = 10 + beyond
    let effects = session.handle(.received(Array("m1 OK [COPYUID 3 1:\(last) 1:\(last)] done\r\n".utf8)))
    guard case .completed(_, let completion)? = effects.first else {
      Issue.record("no answer came: \(effects)")
      return
    }
    if case .copyUID(let copied) = completion.code {
      #expect(isFine)
      #expect(copied.pairs.count == last)
    } else {
      #expect(!isFine)
      #expect(completion.isOK, "the copy itself is believed")
    }
  }
}
