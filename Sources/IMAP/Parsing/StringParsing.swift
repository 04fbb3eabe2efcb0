extension Cursor {
  /// `string` of RFC 9051 §9: quoted or literal, without its quotes.
  mutating func string() throws(ParseError) -> ArraySlice<UInt8> {
    switch next {
    case UInt8(ascii: "\""): try quoted()
    case UInt8(ascii: "{"), UInt8(ascii: "~"): try literal()
    default: throw .malformed
    }
  }

  /// `nstring`: nil for NIL.
  mutating func nilOrString() throws(ParseError) -> ArraySlice<UInt8>? {
    switch next {
    case UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "~"): return try string()
    default:
      guard try word() == .nil else { throw .malformed }
      return nil
    }
  }

  /// `astring`, or any run of octets: brackets, `%` and 8-bit octets have been seen unquoted in names.
  mutating func stringOrAtom() throws(ParseError) -> ArraySlice<UInt8> {
    switch next {
    case UInt8(ascii: "\""), UInt8(ascii: "{"): try string()
    default: try atom()
    }
  }

  mutating func mailboxName() throws(ParseError) -> MailboxName {
    guard let name = MailboxName(bytes: Array(try stringOrAtom())) else { throw .malformed }
    if name.bytes.contains(where: { $0 >= 0x80 }) { quirks.insert(.eightBitNames) }
    return name
  }

  /// One quoted octet, or NIL (`mailbox-list`, `Namespace-Descr`).
  mutating func delimiter() throws(ParseError) -> UInt8? {
    guard let text = try nilOrString() else { return nil }
    guard let delimiter = text.first, text.count == 1 else { throw .malformed }
    return delimiter
  }

  /// Passes over one value of any shape: atom, string, or list of values.
  mutating func skipValue() throws(ParseError) {
    var depth = 0
    repeat {
      skipSpaces()
      switch next {
      case UInt8(ascii: "("):
        depth += 1
        guard depth <= limits.nestingDepthMax else { throw .limit(.nestingDepth) }
        try expect(UInt8(ascii: "("))
      case UInt8(ascii: ")"):
        depth -= 1
        guard depth >= 0 else { throw .malformed }
        try expect(UInt8(ascii: ")"))
      case UInt8(ascii: "\""): _ = try quoted()
      case UInt8(ascii: "{"): _ = try literal()
      case UInt8(ascii: "~") where isLiteral8: _ = try literal()
      case nil: throw .malformed
      default: _ = try atom()
      }
    } while depth > 0
  }

  private var isLiteral8: Bool { index + 1 < octets.count && octets[index + 1] == UInt8(ascii: "{") }

  private mutating func quoted() throws(ParseError) -> ArraySlice<UInt8> {
    try expect(UInt8(ascii: "\""))
    let start = index
    while let octet = next, octet != UInt8(ascii: "\""), octet != UInt8(ascii: "\\") { move(to: index + 1) }
    if next == UInt8(ascii: "\"") {
      let text = octets[start..<index]
      move(to: index + 1)
      return text
    }
    var text = Array(octets[start..<index])
    while let octet = next {
      move(to: index + 1)
      if octet == UInt8(ascii: "\"") { return text[...] }
      guard octet == UInt8(ascii: "\\") else {
        text.append(octet)
        continue
      }
      guard let escaped = next, escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\") else {
        throw .malformed
      }
      text.append(escaped)
      move(to: index + 1)
    }
    throw .malformed
  }

  /// `{n}` CRLF and n octets; `~{n}` is the literal8 of RFC 9051 §4.3.
  private mutating func literal() throws(ParseError) -> ArraySlice<UInt8> {
    let size = try literalHeader()
    guard size <= octets.count - index else { throw .malformed }
    let text = octets[index..<index + size]
    move(to: index + size)
    return text
  }

  /// The announced size; the cursor is then before the first octet.
  mutating func literalHeader() throws(ParseError) -> Int {
    _ = consume(UInt8(ascii: "~"))
    try expect(UInt8(ascii: "{"))
    let size = try number()
    try expect(UInt8(ascii: "}"))
    try expect(UInt8(ascii: "\r"))
    try expect(UInt8(ascii: "\n"))
    return size
  }
}
