/// Why a response cannot be read.
enum ParseError: Error, Equatable {
  /// Not what the grammar says, tolerances included.
  case malformed
  case limit(SessionError.Limit)
}

/// A place in one whole response, literals in it, moving forward over each octet once.
struct Cursor {
  let octets: [UInt8]
  let limits: SessionLimits
  private(set) var index: Int
  var quirks: Quirks = []
  var keywords: KeywordTable
  /// Of a login that the server may repeat (law L13).
  let credentials: Credentials?

  init(
    _ octets: [UInt8], limits: SessionLimits, keywords: KeywordTable = KeywordTable(), hiding credentials: Credentials?
  ) {
    self.octets = octets
    self.limits = limits
    self.keywords = keywords
    self.credentials = credentials
    index = 0
  }

  var isAtEnd: Bool { index == octets.count }
  var next: UInt8? { index < octets.count ? octets[index] : nil }
  var rest: ArraySlice<UInt8> { octets[index...] }

  /// For looking ahead: back to where the cursor was, or on to what was found.
  mutating func move(to index: Int) {
    precondition((0...octets.count).contains(index), "a cursor stays within its response")
    self.index = index
  }

  mutating func consume(_ octet: UInt8) -> Bool {
    guard next == octet else { return false }
    index += 1
    return true
  }

  mutating func expect(_ octet: UInt8) throws(ParseError) {
    guard consume(octet) else { throw .malformed }
  }

  /// At least one space.
  mutating func space() throws(ParseError) {
    guard next == UInt8(ascii: " ") else { throw .malformed }
    skipSpaces()
  }

  /// Any number of spaces, none included.
  mutating func skipSpaces() {
    let start = index
    while index < octets.count, octets[index] == UInt8(ascii: " ") { index += 1 }
    if index > start + 1 { quirks.insert(.doubledSpaces) }
  }

  /// The end of the response, or spaces only.
  mutating func expectEnd() throws(ParseError) {
    if next == UInt8(ascii: " ") {
      while consume(UInt8(ascii: " ")) {}
      quirks.insert(.trailingSpace)
    }
    guard isAtEnd else { throw .malformed }
  }

  /// Octets up to a space, parenthesis or quote; may be empty.
  mutating func run() -> ArraySlice<UInt8> {
    let start = index
    while index < octets.count, !Self.endsRun(octets[index]) { index += 1 }
    return octets[start..<index]
  }

  /// A run that is not empty.
  mutating func atom() throws(ParseError) -> ArraySlice<UInt8> {
    let atom = run()
    guard !atom.isEmpty else { throw .malformed }
    return atom
  }

  mutating func word() throws(ParseError) -> Word { Word(try atom()) }

  /// `number64` of RFC 9051 §9, which fits an Int.
  mutating func number() throws(ParseError) -> Int {
    let start = index
    var value = 0
    while index < octets.count, (0x30...0x39).contains(octets[index]) {
      let (tens, overflowsTens) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowsSum) = tens.addingReportingOverflow(Int(octets[index] - 0x30))
      guard !overflowsTens, !overflowsSum else { throw .malformed }
      value = sum
      index += 1
    }
    guard index > start else { throw .malformed }
    return value
  }

  /// Octets of a message. One that no disk could hold is not believed, so that sums of sizes stay numbers (law L12).
  mutating func messageSize() throws(ParseError) -> Int {
    let size = try number()
    guard size <= SessionLimits.messageSizeMax else { throw .malformed }
    return size
  }

  mutating func number32() throws(ParseError) -> UInt32 {
    guard let number = UInt32(exactly: try number()) else { throw .malformed }
    return number
  }

  /// Calls `member` for each member of a parenthesized list, the cursor before it, until `)`.
  mutating func list(_ member: (inout Cursor) throws(ParseError) -> Void) throws(ParseError) {
    try expect(UInt8(ascii: "("))
    var count = 0
    while true {
      skipSpaces()
      if consume(UInt8(ascii: ")")) { return }
      count += 1
      guard count <= limits.listCountMax else { throw .limit(.listCount) }
      try member(&self)
    }
  }

  private static func endsRun(_ octet: UInt8) -> Bool {
    switch octet {
    case UInt8(ascii: " "), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "\""): true
    default: false
    }
  }
}
