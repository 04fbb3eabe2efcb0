import Mail

/// One thing that FETCH asks for.
enum FetchItem: Equatable {
  case uid, flags, internalDate, size, modSeq, envelope
  case body(Section, isPeek: Bool, part: Range<Int>?)

  enum Section: Equatable {
    case whole, header, text
    /// In upper case, in the order asked for.
    case fields([String])
  }

  var setsSeen: Bool {
    if case .body(_, isPeek: false, _) = self { true } else { false }
  }

  /// True where the message itself is read, and not only its header.
  var isWhole: Bool {
    if case .body(.whole, _, _) = self { true } else { false }
  }
}

extension CommandScanner {
  /// One item, a macro, or a parenthesized list (RFC 9051 §6.4.5).
  mutating func fetchItems() throws(BadCommand) -> [FetchItem] {
    guard next == UInt8(ascii: "(") else { return try fetchItem() }
    var items: [FetchItem] = []
    try list { (scanner) throws(BadCommand) in items += try scanner.fetchItem() }
    return items
  }

  private mutating func fetchItem() throws(BadCommand) -> [FetchItem] {
    switch try fetchWord() {
    case "UID": return [.uid]
    case "FLAGS": return [.flags]
    case "INTERNALDATE": return [.internalDate]
    case "RFC822.SIZE": return [.size]
    case "MODSEQ": return [.modSeq]
    case "ENVELOPE": return [.envelope]
    case "FAST": return [.flags, .internalDate, .size]
    case "ALL": return [.flags, .internalDate, .size, .envelope]
    case "RFC822": return [.body(.whole, isPeek: false, part: nil)]
    case "BODY": return [.body(try section(), isPeek: false, part: try part())]
    case "BODY.PEEK": return [.body(try section(), isPeek: true, part: try part())]
    case let other: throw BadCommand("Unknown FETCH item \(other)")
    }
  }

  /// Up to a bracket too.
  private mutating func fetchWord() throws(BadCommand) -> String {
    var word: [UInt8] = []
    while let octet = next, octet > 0x20, octet != UInt8(ascii: "["), octet != UInt8(ascii: ")"), octet < 0x7F {
      word.append((0x61...0x7A).contains(octet) ? octet - 0x20 : octet)
      advance()
    }
    guard !word.isEmpty else { throw BadCommand("Expected a FETCH item") }
    return String(decoding: word, as: UTF8.self)
  }

  private mutating func section() throws(BadCommand) -> FetchItem.Section {
    try expect("[")
    if consume("]") { return .whole }
    var name: [UInt8] = []
    while let octet = next, octet != UInt8(ascii: "]"), octet != UInt8(ascii: " ") {
      name.append(octet)
      advance()
    }
    let section: FetchItem.Section
    switch String(decoding: name, as: UTF8.self).uppercased() {
    case "HEADER": section = .header
    case "TEXT": section = .text
    case "HEADER.FIELDS":
      try space()
      var fields: [String] = []
      try list { (scanner) throws(BadCommand) in fields.append(try scanner.text().uppercased()) }
      section = .fields(fields)
    case let other: throw BadCommand("Unknown section \(other)")
    }
    try expect("]")
    return section
  }

  private mutating func part() throws(BadCommand) -> Range<Int>? {
    guard consume("<") else { return nil }
    let start = Int(try number())
    try expect(".")
    let count = Int(try number())
    try expect(">")
    guard count > 0, start < 1 << 40, count < 1 << 40 else { throw BadCommand("Invalid partial range") }
    return start..<(start + count)
  }
}
