internal import Mail

extension Cursor {
  /// `resp-text` of RFC 9051 §9 to the end of the response. Never fails: what is no code is text.
  mutating func responseText() -> ResponseText {
    skipSpaces()
    // The code with it: a password may begin like one.
    let hidden = credentials.map { $0.hidden(in: Array(rest)) }
    var code: ResponseCode?
    if next == UInt8(ascii: "[") {
      code = responseCode()
      skipSpaces()
    }
    let text = printable(String(decoding: hidden.map { Self.text(of: $0, after: code) } ?? rest, as: UTF8.self))
    if text.isEmpty { quirks.insert(.missingText) }
    move(to: octets.count)
    return ResponseText(code: code, text: text)
  }

  /// Without the code, where it still looks like one.
  private static func text(of hidden: [UInt8], after code: ResponseCode?) -> ArraySlice<UInt8> {
    guard code != nil, hidden.first == UInt8(ascii: "["), let close = hidden.firstIndex(of: UInt8(ascii: "]")) else {
      return hidden[...]
    }
    return hidden[(close + 1)...].drop { $0 == UInt8(ascii: " ") }
  }

  /// Nil, and the cursor unmoved, where the bracket is never closed. A known code that is malformed is `.other`.
  private mutating func responseCode() -> ResponseCode? {
    let start = index
    guard let close = octets[start...].firstIndex(of: UInt8(ascii: "]")) else { return nil }
    let name = octets[(start + 1)..<close].prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "(") }
    move(to: name.endIndex)
    let upper = String(decoding: name, as: UTF8.self).uppercased()
    let unknown = credentials == nil ? printable(upper, limit: 64) : "***"
    let code = ResponseCode.plain[upper] ?? closedCode(named: upper) ?? .other(unknown)
    // What a code says beyond what is read of it, such as the URL of REFERRAL, is passed over.
    move(to: close + 1)
    return code
  }

  /// Nil where the arguments are malformed, or do not end at the bracket: then nothing of it is believed.
  private mutating func closedCode(named name: String) -> ResponseCode? {
    do throws(ParseError) {
      let code = try codeWithArguments(named: name)
      skipSpaces()
      return next == UInt8(ascii: "]") ? code : nil
    } catch {
      return nil
    }
  }

  private mutating func codeWithArguments(named name: String) throws(ParseError) -> ResponseCode? {
    skipSpaces()
    switch name {
    case "CAPABILITY": return .capability(try capabilities(until: UInt8(ascii: "]")))
    case "PERMANENTFLAGS": return .permanentFlags(try permanentFlags())
    case "UIDNEXT": return .uidNext(try uid())
    case "UIDVALIDITY": return .uidValidity(try uidValidity())
    case "HIGHESTMODSEQ": return .highestModSeq(try modSequenceOrZero())
    case "APPENDUID":
      let validity = try uidValidity()
      try space()
      return .appendUID(validity, try uid())
    case "COPYUID": return try copiedUIDs()
    case "MODIFIED": return .modified(try uidSet())
    case "MAILBOXID":
      try expect(UInt8(ascii: "("))
      let id = try objectID()
      try expect(UInt8(ascii: ")"))
      return .mailboxID(id)
    default: return nil
    }
  }

  /// After `COPYUID `.
  private mutating func copiedUIDs() throws(ParseError) -> ResponseCode? {
    let validity = try uidValidity()
    try space()
    let sources = try uidRanges()
    try space()
    let destinations = try uidRanges()
    return CopiedUIDs(
      uidValidity: validity, sources: sources, destinations: destinations, countMax: limits.copiedUIDsMax
    ).map { .copyUID($0) }
  }

  mutating func uidValidity() throws(ParseError) -> UIDValidity {
    let number = try number32()
    if number == 0 { quirks.insert(.zeroState) }
    return UIDValidity(rawValue: number)
  }

  mutating func modSequenceOrZero() throws(ParseError) -> ModSequence {
    let sequence = try modSequence()
    if sequence == .none { quirks.insert(.zeroState) }
    return sequence
  }

  /// `objectid` of RFC 8474 §7, here of octets of any kind, up to a parenthesis.
  mutating func objectID() throws(ParseError) -> String {
    let octets = try atom()
    guard octets.count <= SessionLimits.objectIDLengthMax else { throw .malformed }
    return printable(String(decoding: octets, as: UTF8.self))
  }

  /// The words of CAPABILITY up to the end or to `terminator`, which stays.
  mutating func capabilities(until terminator: UInt8?) throws(ParseError) -> Capabilities {
    Capabilities(try capabilityWords(until: terminator))
  }

  mutating func capabilityWords(until terminator: UInt8?) throws(ParseError) -> [Capability] {
    var words: [Capability] = []
    while true {
      skipSpaces()
      let start = index
      while let octet = next, octet != UInt8(ascii: " "), octet != terminator { move(to: index + 1) }
      guard index > start else { return words }
      guard words.count < limits.listCountMax, index - start <= SessionLimits.capabilityLengthMax else {
        throw .limit(.listCount)
      }
      words.append(Capability(printable(String(decoding: octets[start..<index], as: UTF8.self))))
    }
  }
}
