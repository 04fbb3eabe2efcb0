import Mail

/// A command that breaks the grammar, or asks for what is not offered: BAD.
struct BadCommand: Error, Equatable {
  let text: String
  init(_ text: String) { self.text = text }
}

/// Reads the words of one command (RFC 9051 §9).
struct CommandScanner {
  let octets: [UInt8]
  private(set) var index = 0

  init(_ octets: [UInt8]) { self.octets = octets }

  var isAtEnd: Bool { index == octets.count }
  var next: UInt8? { index < octets.count ? octets[index] : nil }

  mutating func consume(_ character: Unicode.Scalar) -> Bool {
    guard let next, UInt32(next) == character.value else { return false }
    index += 1
    return true
  }

  /// Past an octet that was looked at.
  mutating func advance() { index += 1 }

  mutating func expect(_ character: Unicode.Scalar) throws(BadCommand) {
    guard consume(character) else { throw BadCommand("expected \(character) at octet \(index)") }
  }

  /// Just one: `APPEND box  {3}` is BAD, as with Cyrus.
  mutating func space() throws(BadCommand) { try expect(" ") }

  mutating func end() throws(BadCommand) {
    guard isAtEnd else { throw BadCommand("too many arguments, at octet \(index)") }
  }

  /// Atom characters, and those that only some productions allow: `\` of flags, `*` of sets, `[` and `]`.
  mutating func atom() throws(BadCommand) -> ArraySlice<UInt8> {
    let start = index
    while let octet = next, octet > 0x20, octet < 0x7F, octet != UInt8(ascii: "("), octet != UInt8(ascii: ")"),
      octet != UInt8(ascii: "{"), octet != UInt8(ascii: "\"")
    {
      index += 1
    }
    guard index > start else { throw BadCommand("expected a word at octet \(start)") }
    return octets[start..<index]
  }

  /// In upper case.
  mutating func word() throws(BadCommand) -> String {
    String(decoding: try atom().map { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 }, as: UTF8.self)
  }

  mutating func text() throws(BadCommand) -> String { String(decoding: try string(), as: UTF8.self) }

  /// `astring`, or one of the patterns of LIST.
  mutating func string() throws(BadCommand) -> ArraySlice<UInt8> {
    switch next {
    case UInt8(ascii: "\""): try quoted()
    case UInt8(ascii: "{"): try literal()
    default: try atom()
    }
  }

  private mutating func quoted() throws(BadCommand) -> ArraySlice<UInt8> {
    index += 1
    var text: [UInt8] = []
    while let octet = next {
      index += 1
      if octet == UInt8(ascii: "\"") { return text[...] }
      guard octet != UInt8(ascii: "\\") else {
        guard let escaped = next, escaped == UInt8(ascii: "\\") || escaped == UInt8(ascii: "\"") else { break }
        text.append(escaped)
        index += 1
        continue
      }
      guard octet < 0x80, octet != 0, octet != 0x0D else { break }
      text.append(octet)
    }
    throw BadCommand("a quoted string is broken at octet \(index)")
  }

  mutating func literal() throws(BadCommand) -> ArraySlice<UInt8> {
    try expect("{")
    let size = Int(try number())
    _ = consume("+")
    try expect("}")
    try expect("\r")
    try expect("\n")
    guard octets.count - index >= size else { throw BadCommand("a literal is cut") }
    defer { index += size }
    return octets[index..<(index + size)]
  }

  mutating func number() throws(BadCommand) -> UInt64 {
    let start = index
    var number: UInt64 = 0
    while let octet = next, (0x30...0x39).contains(octet) {
      let (product, isTooBig) = number.multipliedReportingOverflow(by: 10)
      let (sum, isStillTooBig) = product.addingReportingOverflow(UInt64(octet - 0x30))
      guard !isTooBig, !isStillTooBig else { throw BadCommand("a number is too large") }
      number = sum
      index += 1
    }
    guard index > start else { throw BadCommand("expected a number at octet \(start)") }
    return number
  }

  /// A parenthesized list, possibly empty.
  mutating func list(_ element: (inout CommandScanner) throws(BadCommand) -> Void) throws(BadCommand) {
    try expect("(")
    if consume(")") { return }
    while true {
      try element(&self)
      if consume(")") { return }
      try space()
    }
  }

  /// In upper case.
  mutating func words() throws(BadCommand) -> [String] {
    var words: [String] = []
    try list { (scanner) throws(BadCommand) in words.append(try scanner.word()) }
    return words
  }

  /// As in STORE and APPEND; system flags in the RFC's spelling.
  mutating func flags() throws(BadCommand) -> Set<String> {
    var flags: Set<String> = []
    try list { (scanner) throws(BadCommand) in flags.insert(try scanner.flag()) }
    return flags
  }

  private mutating func flag() throws(BadCommand) -> String {
    let flag = String(decoding: try atom(), as: UTF8.self)
    guard flag.hasPrefix("\\") else {
      guard Keyword(flag) != nil else { throw BadCommand("no keyword: \(flag)") }
      return flag
    }
    let folded = flag.lowercased()
    guard let name = Self.systemFlags.first(where: { $0.folded == folded })?.name else {
      throw BadCommand("no flag: \(flag)")
    }
    return name
  }

  private static let systemFlags = SystemFlags.names.map { (folded: $0.name.lowercased(), name: $0.name) }

  /// `sequence-set`; `*` is `.max` until it is resolved.
  mutating func set() throws(BadCommand) -> SequenceSet {
    var set = SequenceSet()
    repeat {
      let low = try setNumber()
      set.ranges.append((low, consume(":") ? try setNumber() : low))
    } while consume(",")
    return set
  }

  private mutating func setNumber() throws(BadCommand) -> UInt32 {
    if consume("*") { return .max }
    let number = try number()
    guard number > 0, number < UInt64(UInt32.max) else { throw BadCommand("no number of a message: \(number)") }
    return UInt32(number)
  }
}

/// The numbers that a command names, in the order in which it names them.
struct SequenceSet {
  var ranges: [(first: UInt32, last: UInt32)] = []

  /// `*` is `highest` (RFC 9051 §9, seq-range): so `n:*` beyond the end is the last message.
  func resolved(highest: UInt32) -> [ClosedRange<UInt32>] {
    ranges.map { range in
      let first = range.first == .max ? highest : range.first
      let last = range.last == .max ? highest : range.last
      return min(first, last)...max(first, last)
    }
  }
}
