/// Goes through a TOML text (TOML 1.0) and tells of each key, table header and array element with its line.
struct KeyScanner {
  typealias Report = (_ path: [String], _ line: Int) -> Void

  private let bytes: [UInt8]
  private var index = 0
  private var line = 1
  /// Values may stand in one another; deeper than this nothing of ours does.
  private static let depthMax = 32
  private var depth = 0
  /// Keys, and the paths of values, with a NUL in them, which TOML can spell and the parser cuts off.
  private(set) var withNUL: [[String]] = []

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func scanDocument(_ report: Report) {
    var table: [String] = []
    while true {
      skipBlank()
      guard let byte = peek else { return }
      if byte == UInt8(ascii: "[") {
        // An array of tables, of which there is none in a configuration, is taken for one table.
        advance(bytes[index...].starts(with: "[[".utf8) ? 2 : 1)
        table = key()
        report(table, line)
        noteNUL(in: table, at: table)
        skipLine()
      } else {
        let before = index
        pair(in: table, report)
        // What is no pair is passed over, so that the scan always ends.
        if index == before { advance(1) }
      }
    }
  }

  /// `a."b c".d = value`
  private mutating func pair(in table: [String], _ report: Report) {
    let key = key()
    let path = table + key
    report(path, line)
    noteNUL(in: key, at: path)
    skipSpaces()
    guard peek == UInt8(ascii: "=") else { return skipLine() }
    advance(1)
    skipSpaces()
    value(at: path, report)
  }

  private mutating func value(at path: [String], _ report: Report) {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthMax else { return skipLine() }
    switch peek {
    case UInt8(ascii: "["): array(at: path, report)
    case UInt8(ascii: "{"): inlineTable(at: path, report)
    case UInt8(ascii: "\""), UInt8(ascii: "'"): noteNUL(in: [string()], at: path)
    default: skip { !",]}#\n".utf8.contains($0) }
    }
  }

  private mutating func array(at path: [String], _ report: Report) {
    advance(1)
    var number = 0
    while true {
      skipBlank()
      guard let byte = peek else { return }
      if byte == UInt8(ascii: "]") { return advance(1) }
      if byte == UInt8(ascii: ",") {
        advance(1)
        continue
      }
      let before = index
      let element = path + [String(number)]
      number += 1
      report(element, line)
      value(at: element, report)
      if index == before { advance(1) }
    }
  }

  private mutating func inlineTable(at path: [String], _ report: Report) {
    advance(1)
    while true {
      skipBlank()
      guard let byte = peek else { return }
      if byte == UInt8(ascii: "}") { return advance(1) }
      if byte == UInt8(ascii: ",") {
        advance(1)
        continue
      }
      let before = index
      pair(in: path, report)
      if index == before { advance(1) }
    }
  }

  private mutating func key() -> [String] {
    var parts: [String] = []
    repeat {
      skipSpaces()
      if peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "'") {
        parts.append(string())
      } else {
        let start = index
        skip(isBareKeyCharacter)
        parts.append(String(decoding: bytes[start..<index], as: UTF8.self))
      }
      skipSpaces()
      guard peek == UInt8(ascii: ".") else { return parts }
      advance(1)
    } while true
  }

  private mutating func noteNUL(in texts: [String], at path: [String]) {
    if texts.contains(where: { $0.utf8.contains(0) }) { withNUL.append(path) }
  }

  /// Any of the four kinds of strings, with what it means.
  private mutating func string() -> String {
    guard let quote = peek else { return "" }
    let isMultiline = bytes[index...].starts(with: repeatElement(quote, count: 3))
    let isBasic = quote == UInt8(ascii: "\"")
    advance(isMultiline ? 3 : 1)
    var content: [UInt8] = []
    while let byte = peek {
      if byte == quote, !isMultiline || bytes[index...].starts(with: repeatElement(quote, count: 3)) { break }
      if byte == UInt8(ascii: "\n"), !isMultiline { return String(decoding: content, as: UTF8.self) }
      if byte == UInt8(ascii: "\\"), isBasic {
        escape(into: &content)
      } else {
        content.append(byte)
        advance(1)
      }
    }
    advance(isMultiline ? 3 : 1)
    // Up to two quotes may stand right before the three that end the string.
    if isMultiline { skip { $0 == quote } }
    return String(decoding: content, as: UTF8.self)
  }

  private mutating func escape(into content: inout [UInt8]) {
    advance(1)
    guard let byte = peek else { return }
    advance(1)
    switch byte {
    case UInt8(ascii: "n"): content.append(0x0A)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "r"): content.append(0x0D)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0C)
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
      let digits = bytes[index...].prefix(byte == UInt8(ascii: "u") ? 4 : 8)
      advance(digits.count)
      let scalar = UInt32(String(decoding: digits, as: UTF8.self), radix: 16).flatMap(Unicode.Scalar.init)
      content.append(contentsOf: String(scalar.map(Character.init) ?? "\u{FFFD}").utf8)
    default: content.append(byte)
    }
  }

  // MARK: Steps

  private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func advance(_ count: Int) {
    for _ in 0..<count where index < bytes.count {
      if bytes[index] == UInt8(ascii: "\n") { line += 1 }
      index += 1
    }
  }

  private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
    while let byte = peek, isSkipped(byte) { advance(1) }
  }

  private mutating func skipSpaces() { skip { $0 == 0x20 || $0 == 0x09 } }

  private mutating func skipLine() { skip { $0 != UInt8(ascii: "\n") } }

  /// White space, ends of lines and comments.
  private mutating func skipBlank() {
    skip { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    while peek == UInt8(ascii: "#") {
      skipLine()
      skip { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    }
  }
}

/// Of `unquoted-key` in TOML's grammar.
func isBareKeyCharacter(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
    true
  default: false
  }
}
