internal import Mail

/// Reads the items of one FETCH response, which its BODY[] may cut in two: what is before the octets, and what is
/// after.
struct FetchParser {
  /// Items of one response, of which each may be as long as the response: nobody asks for a dozen.
  static let itemsMax = 64

  private(set) var response: FetchResponse

  enum Outcome: Equatable {
    /// The closing parenthesis and the end were reached. A BODY[] that came quoted is given.
    case complete(quotedBody: [UInt8]?, origin: Int?)
    /// The header of the BODY[] literal ended the text: its octets come next.
    case body(size: Int, origin: Int?)
  }

  private var itemCount = 0
  private var hasBody = false
  private var quotedBody: [UInt8]?
  private var origin: Int?

  init(sequenceNumber: UInt32) { response = FetchResponse(sequenceNumber: sequenceNumber) }

  /// From the opening parenthesis on.
  mutating func begin(_ cursor: inout Cursor) throws(ParseError) -> Outcome {
    cursor.skipSpaces()
    try cursor.expect(UInt8(ascii: "("))
    return try items(&cursor)
  }

  /// From behind the octets of BODY[] on.
  mutating func resume(_ cursor: inout Cursor) throws(ParseError) -> Outcome {
    if let next = cursor.next, next != UInt8(ascii: " "), next != UInt8(ascii: ")") {
      cursor.quirks.insert(.missingSpace)
    }
    return try items(&cursor)
  }

  private mutating func items(_ cursor: inout Cursor) throws(ParseError) -> Outcome {
    while true {
      cursor.skipSpaces()
      if cursor.consume(UInt8(ascii: ")")) {
        try cursor.expectEnd()
        return .complete(quotedBody: quotedBody, origin: origin)
      }
      if let size = try item(&cursor) { return .body(size: size, origin: origin) }
    }
  }

  /// One item with its value; the size where that is a BODY[] whose octets are still to come.
  private mutating func item(_ cursor: inout Cursor) throws(ParseError) -> Int? {
    itemCount += 1
    guard itemCount <= Self.itemsMax else { throw .malformed }
    let name = Self.itemName(&cursor)
    let section = try Self.section(&cursor)
    let itemOrigin = try Self.partialOrigin(&cursor)
    cursor.skipSpaces()
    switch Word(name) {
    case .uid: response.uid = try cursor.uid()
    case .flags: response.flags = try cursor.messageFlags()
    case .internalDate: response.internalDate = try cursor.nilOrString().flatMap(InternalDateText.parse)
    case .rfc822Size: response.size = try cursor.messageSize()
    case .modSeq:
      try cursor.expect(UInt8(ascii: "("))
      response.modSeq = try cursor.modSequence()
      try cursor.expect(UInt8(ascii: ")"))
    case .emailID: response.emailID = try Self.emailID(&cursor)
    case .body where section?.isEmpty == true:
      origin = itemOrigin
      return try body(&cursor)
    case .body where section.map(Self.namesMessageID) == true:
      if let header = try cursor.nilOrString() { response.messageID = MessageIDField.value(in: header) }
    case .envelope: response.messageID = try Self.envelopeMessageID(&cursor)
    default:
      guard !name.isEmpty else { throw .malformed }
      try cursor.skipValue()
    }
    return nil
  }

  /// The last of an ENVELOPE's ten fields (RFC 9051 §7.5.2).
  private static func envelopeMessageID(_ cursor: inout Cursor) throws(ParseError) -> String? {
    var position = 0
    var messageID: String?
    try cursor.list { cursor throws(ParseError) in
      position += 1
      if position == 10 {
        messageID = try cursor.nilOrString().flatMap(MessageIDField.text)
      } else {
        try cursor.skipValue()
      }
    }
    return messageID
  }

  private mutating func body(_ cursor: inout Cursor) throws(ParseError) -> Int? {
    guard !hasBody else { throw .malformed }
    hasBody = true
    switch cursor.next {
    case UInt8(ascii: "{"), UInt8(ascii: "~"):
      let size = try cursor.literalHeader()
      guard cursor.isAtEnd else { throw .malformed }
      response.bodySize = size
      return size
    default:
      let text = try cursor.nilOrString()
      quotedBody = text.map { Array($0) }
      response.bodySize = text?.count
      response.bodyWasNil = text == nil
      return nil
    }
  }

  /// Up to a space, parenthesis or bracket.
  private static func itemName(_ cursor: inout Cursor) -> ArraySlice<UInt8> {
    let start = cursor.index
    while let octet = cursor.next, octet != UInt8(ascii: " "), octet != UInt8(ascii: "["), octet != UInt8(ascii: "("),
      octet != UInt8(ascii: ")"), octet != UInt8(ascii: "<")
    {
      cursor.move(to: cursor.index + 1)
    }
    return cursor.octets[start..<cursor.index]
  }

  /// What is between the brackets; nil where there are none.
  private static func section(_ cursor: inout Cursor) throws(ParseError) -> ArraySlice<UInt8>? {
    guard cursor.consume(UInt8(ascii: "[")) else { return nil }
    guard let close = cursor.rest.firstIndex(of: UInt8(ascii: "]")) else { throw .malformed }
    let section = cursor.octets[cursor.index..<close]
    cursor.move(to: close + 1)
    return section
  }

  /// The `<n>` of a partial FETCH.
  private static func partialOrigin(_ cursor: inout Cursor) throws(ParseError) -> Int? {
    guard cursor.consume(UInt8(ascii: "<")) else { return nil }
    let origin = try cursor.number()
    try cursor.expect(UInt8(ascii: ">"))
    return origin
  }

  private static func emailID(_ cursor: inout Cursor) throws(ParseError) -> String? {
    guard cursor.consume(UInt8(ascii: "(")) else {
      guard try cursor.word() == .nil else { throw .malformed }
      return nil
    }
    let id = try cursor.objectID()
    try cursor.expect(UInt8(ascii: ")"))
    return id
  }

  /// `HEADER.FIELDS (MESSAGE-ID)` as asked for; servers have been seen to quote the name or change its case.
  private static func namesMessageID(_ section: ArraySlice<UInt8>) -> Bool {
    let parts = section.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "(") || $0 == UInt8(ascii: ")") }
    guard parts.count == 2 else { return false }
    return Word(parts[0]) == .headerFields && Word(parts[1].filter { $0 != UInt8(ascii: "\"") }) == .messageID
  }
}

extension Word {
  fileprivate static let headerFields = Word("HEADER.FIELDS")
  fileprivate static let messageID = Word("MESSAGE-ID")
}
