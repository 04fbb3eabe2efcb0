internal import Mail

/// What one response says, in the terms of the grammar: not yet whose it is, nor whether it is to be believed.
enum Received: Equatable {
  enum Status: Equatable { case ok, no, bad, bye, preauth }

  /// An untagged status response.
  case status(Status, ResponseText)
  case untagged(Untagged)
  case esearch(ESearchResponse, tag: [UInt8]?)
  case tagged(tag: [UInt8], Completion)
  case continuation(String)
  case bodyBegan(BodyStart)
  case body([UInt8])
  case bodyEnded
}

extension Received {
  /// What was said instead of a greeting, for an error.
  var excerpt: String {
    switch self {
    case .untagged(.unreadable(_, let excerpt)): excerpt
    case .untagged(.other(let name)): "* \(name)"
    case .tagged(let tag, let completion): "\(ResponseParser.excerpt(tag, hiding: nil)) \(completion)"
    case .continuation(let text): "+ \(text)"
    case .status(_, let text): text.description
    case .untagged, .esearch, .bodyBegan, .body, .bodyEnded: "a response that is no greeting"
    }
  }
}

/// Reads whole responses.
struct ResponseParser {
  let limits: SessionLimits
  private(set) var quirks: Quirks = []
  /// See `Cursor.credentials`.
  var credentials: Credentials?
  private var keywords = KeywordTable()

  init(limits: SessionLimits) { self.limits = limits }

  /// Longest excerpt of what cannot be read.
  static let excerptMax = 200

  static func excerpt(_ text: [UInt8], hiding credentials: Credentials?) -> String {
    let text = credentials?.hidden(in: text) ?? text
    return printable(String(decoding: text.prefix(excerptMax), as: UTF8.self), limit: excerptMax)
  }

  func excerpt(_ text: [UInt8]) -> String { Self.excerpt(text, hiding: credentials) }

  /// The sequence number where the response is a FETCH; those are read by a FetchParser from `index` on.
  static func fetchStart(_ text: [UInt8], limits: SessionLimits) -> (sequenceNumber: UInt32, index: Int)? {
    guard text.first == UInt8(ascii: "*") else { return nil }
    var cursor = Cursor(text, limits: limits, hiding: nil)
    do throws(ParseError) {
      try cursor.expect(UInt8(ascii: "*"))
      try cursor.space()
      let number = try cursor.number32()
      try cursor.space()
      return try cursor.word() == .fetch ? (number, cursor.index) : nil
    } catch {
      return nil
    }
  }

  /// Any response but FETCH.
  mutating func response(_ text: [UInt8]) throws(SessionError) -> Received {
    switch text.first {
    case UInt8(ascii: "*"): return try untagged(text)
    case UInt8(ascii: "+"): return continuation(text)
    case UInt8(ascii: "["): return try bareCopyUID(text)
    default: return try tagged(text)
    }
  }

  /// Runs `read` over the text from `index` on. Nil where it is malformed.
  mutating func reading<Value>(
    _ text: [UInt8], from index: Int = 0, _ read: (inout Cursor) throws(ParseError) -> Value
  ) throws(SessionError) -> Value? {
    var cursor = Cursor(text, limits: limits, keywords: keywords, hiding: credentials)
    cursor.move(to: index)
    do throws(ParseError) {
      let value = try read(&cursor)
      quirks.formUnion(cursor.quirks)
      keywords = cursor.keywords
      return value
    } catch {
      if case .limit(let limit) = error { throw .limit(limit) }
      return nil
    }
  }

  private mutating func untagged(_ text: [UInt8]) throws(SessionError) -> Received {
    var name: ArraySlice<UInt8> = []
    let received = try reading(text) { (cursor) throws(ParseError) -> Received in
      try cursor.expect(UInt8(ascii: "*"))
      cursor.skipSpaces()
      name = cursor.run()
      if let first = name.first, (0x30...0x39).contains(first) {
        cursor.move(to: name.startIndex)
        return .untagged(try Self.numbered(&cursor, name: &name))
      }
      return try Self.named(Word(name), name, &cursor)
    }
    guard !name.isEmpty else { throw .malformed(excerpt(text)) }
    return received ?? .untagged(.unreadable(name: excerpt(Array(name)), excerpt: excerpt(text)))
  }

  /// RFC 9051 §9: counts and sequence numbers have 32 bits.
  private static func count(_ number: Int) throws(ParseError) -> Int {
    guard UInt32(exactly: number) != nil else { throw .malformed }
    return number
  }

  /// `message-data` and the counts of `mailbox-data`. FETCH does not come here.
  private static func numbered(
    _ cursor: inout Cursor, name: inout ArraySlice<UInt8>
  ) throws(ParseError) -> Untagged {
    let number = try cursor.number()
    try cursor.space()
    name = try cursor.atom()
    switch Word(name) {
    case .exists:
      try cursor.expectEnd()
      return .exists(try count(number))
    case .recent:
      try cursor.expectEnd()
      return .recent(try count(number))
    case .expunge:
      try cursor.expectEnd()
      guard let sequenceNumber = UInt32(exactly: number), sequenceNumber > 0 else { throw .malformed }
      return .expunge(sequenceNumber)
    // One that counts beyond the sequence numbers there are.
    case .fetch: throw .malformed
    default: return .other(excerpt(Array(name), hiding: cursor.credentials))
    }
  }

  private static func named(
    _ word: Word, _ name: ArraySlice<UInt8>, _ cursor: inout Cursor
  ) throws(ParseError) -> Received {
    switch word {
    case .ok: return .status(.ok, cursor.responseText())
    case .no: return .status(.no, cursor.responseText())
    case .bad: return .status(.bad, cursor.responseText())
    case .bye: return .status(.bye, cursor.responseText())
    case .preauth: return .status(.preauth, cursor.responseText())
    case .search: return .untagged(.search(try cursor.searchResponse()))
    case .esearch:
      let (response, tag) = try cursor.esearchResponse()
      return .esearch(response, tag: tag.map { Array($0) })
    case .capability:
      return .untagged(.capability(try cursor.capabilities(until: nil)))
    case .enabled: return .untagged(.enabled(try cursor.capabilityWords(until: nil)))
    default: return .untagged(try mailboxData(word, name, &cursor))
    }
  }

  private static func mailboxData(
    _ word: Word, _ name: ArraySlice<UInt8>, _ cursor: inout Cursor
  ) throws(ParseError) -> Untagged {
    switch word {
    case .flags:
      try cursor.space()
      let flags = try cursor.flagList()
      try cursor.expectEnd()
      return .flags(flags)
    case .vanished: return try vanished(&cursor)
    case .list:
      try cursor.space()
      return .list(try cursor.listResponse())
    case .lsub:
      try cursor.space()
      return .lsub(try cursor.listResponse())
    case .status:
      try cursor.space()
      let (name, status) = try cursor.statusResponse()
      return .status(name, status)
    case .namespace:
      try cursor.space()
      return .namespace(try cursor.namespaceResponse())
    case .id:
      try cursor.space()
      return .id(try cursor.idFields())
    default: return .other(excerpt(Array(name), hiding: cursor.credentials))
    }
  }

  /// RFC 7162 §3.2.10.
  private static func vanished(_ cursor: inout Cursor) throws(ParseError) -> Untagged {
    try cursor.space()
    var isEarlier = false
    if cursor.consume(UInt8(ascii: "(")) {
      guard try cursor.word() == .earlier else { throw .malformed }
      isEarlier = true
      try cursor.expect(UInt8(ascii: ")"))
      try cursor.space()
    }
    let set = try cursor.uidSet()
    try cursor.expectEnd()
    return .vanished(set, isEarlier: isEarlier)
  }

  private mutating func continuation(_ text: [UInt8]) -> Received {
    if text.count < 2 || text[1] != UInt8(ascii: " ") { quirks.insert(.bareContinuation) }
    return .continuation(printable(String(decoding: text.dropFirst().drop { $0 == 0x20 }, as: UTF8.self)))
  }

  /// See `Quirks.bareCopyUID`.
  private mutating func bareCopyUID(_ text: [UInt8]) throws(SessionError) -> Received {
    guard Word(text[1...].prefix { $0 != UInt8(ascii: " ") }) == .copyUID else {
      throw .malformed(excerpt(text))
    }
    quirks.insert(.bareCopyUID)
    let line = try reading(text) { (cursor) throws(ParseError) in cursor.responseText() }
    return .status(.ok, line ?? ResponseText())
  }

  private mutating func tagged(_ text: [UInt8]) throws(SessionError) -> Received {
    let received = try reading(text) { (cursor) throws(ParseError) -> Received in
      let tag = try cursor.atom()
      try cursor.space()
      let status: Completion.Status
      switch try cursor.word() {
      case .ok: status = .ok
      case .no: status = .no
      case .bad: status = .bad
      default: throw .malformed
      }
      let line = cursor.responseText()
      return .tagged(tag: Array(tag), Completion(status, code: line.code, text: line.text))
    }
    guard let received else { throw .malformed(excerpt(text)) }
    return received
  }
}

extension Cursor {
  /// After `ID `.
  fileprivate mutating func idFields() throws(ParseError) -> [IDField] {
    guard next == UInt8(ascii: "(") else {
      guard try word() == .nil else { throw .malformed }
      try expectEnd()
      return []
    }
    var fields: [IDField] = []
    try list { (cursor) throws(ParseError) in
      let name = printable(String(decoding: try cursor.string(), as: UTF8.self))
      cursor.skipSpaces()
      let value = try cursor.nilOrString().map { printable(String(decoding: $0, as: UTF8.self)) }
      fields.append(IDField(name: name, value: value))
    }
    try expectEnd()
    return fields
  }
}
