/// Cuts the server's octets into whole responses, each octet looked at once, wherever the input is cut.
///
/// A response is a line, or several where literals (`{n}` at a line's end, then n octets) tie them together. Its
/// literals are kept with it, but for that of a BODY[] in a FETCH: those octets pass by and are never held. Another one of
/// a FETCH that is longer than the limit passes by, too, and is told as an empty one.
struct Framer {
  enum Piece: Equatable {
    /// `text` is a whole response, or what follows a body, without the line end.
    case response
    /// `text` is a response as far as the header of its BODY[] literal, line end included. Clear it before going on.
    case bodyHeader
    /// The next octets of the body: this range of the input.
    case body(Range<Int>)
    case bodyEnd
  }

  private enum Mode {
    case line
    case literal(remaining: Int)
    /// Of a literal that is too long to be kept.
    case dropped(remaining: Int)
    case body(remaining: Int)
  }

  /// Octets of the response at hand.
  private(set) var text: [UInt8] = []
  private let limits: SessionLimits
  private var mode = Mode.line
  /// Where in `text` the line began that is being read: a literal's header is looked for behind it.
  private var lineStart = 0
  /// What follows is the rest of a FETCH whose body has passed.
  private var isAfterBody = false

  init(limits: SessionLimits) { self.limits = limits }

  /// True where the stream may end without cutting a response.
  var isBetweenResponses: Bool {
    guard case .line = mode else { return false }
    return text.isEmpty && !isAfterBody
  }

  /// The next piece of `input` from `index` on, which moves forward; nil when all of it is read.
  mutating func next(in input: [UInt8], from index: inout Int) throws(SessionError) -> Piece? {
    while true {
      switch mode {
      case .line:
        guard try readLine(input, from: &index) else { return nil }
        if let piece = try lineEnded() { return piece }
      case .literal(let remaining):
        let count = min(remaining, input.count - index)
        text.append(contentsOf: input[index..<index + count])
        index += count
        guard count == remaining else {
          mode = .literal(remaining: remaining - count)
          return nil
        }
        mode = .line
        lineStart = text.count
      case .dropped(let remaining):
        let count = min(remaining, input.count - index)
        index += count
        guard count == remaining else {
          mode = .dropped(remaining: remaining - count)
          return nil
        }
        mode = .line
      case .body(remaining: 0):
        mode = .line
        isAfterBody = true
        return .bodyEnd
      case .body(let remaining):
        let count = min(remaining, input.count - index)
        guard count > 0 else { return nil }
        mode = .body(remaining: remaining - count)
        index += count
        return .body(index - count..<index)
      }
    }
  }

  /// Lets go of what was read.
  mutating func clear() {
    text.removeAll(keepingCapacity: text.capacity <= Self.capacityKept)
    lineStart = 0
  }

  /// Room that is kept from one response to the next.
  private static let capacityKept = 64 << 10

  /// True when `text` ends with CRLF. A lone LF or CR is text.
  private mutating func readLine(_ input: [UInt8], from index: inout Int) throws(SessionError) -> Bool {
    while index < input.count {
      let end = input[index...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? input.count
      guard text.count + (end - index) <= limits.responseLengthMax + 2 else { throw .limit(.responseLength) }
      text.append(contentsOf: input[index..<end])
      index = end
      if endsWithLineEnd { return true }
    }
    return false
  }

  private var endsWithLineEnd: Bool {
    text.count >= lineStart + 2 && text[text.count - 1] == UInt8(ascii: "\n")
      && text[text.count - 2] == UInt8(ascii: "\r")
  }

  /// Nil where a literal follows that is to be kept.
  private mutating func lineEnded() throws(SessionError) -> Piece? {
    guard let header = try literalHeader() else {
      text.removeLast(2)
      isAfterBody = false
      return .response
    }
    if header.isBody {
      mode = .body(remaining: header.size)
      return .bodyHeader
    }
    guard header.size <= limits.literalLengthMax else {
      // One message's header may be as long as its sender likes, and must not end the session each time (law L11).
      guard isAfterBody || isFetch else { throw .limit(.literalLength) }
      emptyLiteral()
      mode = .dropped(remaining: header.size)
      return nil
    }
    guard text.count + header.size <= limits.responseLengthMax else { throw .limit(.responseLength) }
    mode = .literal(remaining: header.size)
    return nil
  }

  /// Makes the literal's header that ends `text` one of a literal of no octets.
  private mutating func emptyLiteral() {
    text.removeLast(text.count - (text.lastIndex(of: UInt8(ascii: "{")) ?? text.count))
    text += Array("{0}\r\n".utf8)
    lineStart = text.count
  }

  /// The `{n}` or `~{n}` that ends the line, where a literal may be.
  private func literalHeader() throws(SessionError) -> (size: Int, isBody: Bool)? {
    var index = text.count - 3
    guard index > lineStart, text[index] == UInt8(ascii: "}"), allowsLiterals else { return nil }
    index -= 1
    var size = 0
    var scale = 1
    let lastDigit = index
    while index > lineStart, (0x30...0x39).contains(text[index]) {
      let (value, overflows) = scale.multipliedReportingOverflow(by: Int(text[index] - 0x30))
      let (sum, overflowsSum) = size.addingReportingOverflow(value)
      guard lastDigit - index < Self.digitsMax, !overflows, !overflowsSum else { throw .limit(.literalLength) }
      size = sum
      scale &*= 10
      index -= 1
    }
    guard index < lastDigit, index >= lineStart, text[index] == UInt8(ascii: "{") else { return nil }
    guard size <= SessionLimits.messageSizeMax else { throw .limit(.literalLength) }
    if index > lineStart, text[index - 1] == UInt8(ascii: "~") { index -= 1 }
    return (size, isBodyItem(before: index))
  }

  /// Ten to the power of 18 is the largest that fits.
  private static let digitsMax = 19

  /// Status responses, continuations and tagged answers have none: a text that ends with `{5}` is a text.
  private var allowsLiterals: Bool {
    if isAfterBody { return true }
    guard text.first == UInt8(ascii: "*") else { return false }
    // Asked for each literal of a response: its first word must not be looked at whole each time.
    let word = text.prefix(32).dropFirst().drop { $0 == UInt8(ascii: " ") }.prefix { $0 != UInt8(ascii: " ") }
    switch Word(word) {
    case .ok, .no, .bad, .bye, .preauth: return false
    default: return true
    }
  }

  /// True where what ends before `index` is `BODY[]` or `BODY[]<n>` of a FETCH.
  private func isBodyItem(before index: Int) -> Bool {
    guard isAfterBody || isFetch else { return false }
    var line = text[lineStart..<index]
    while line.last == UInt8(ascii: " ") { line.removeLast() }
    if line.last == UInt8(ascii: ">") {
      line.removeLast()
      while let octet = line.last, (0x30...0x39).contains(octet) { line.removeLast() }
      guard line.popLast() == UInt8(ascii: "<") else { return false }
    }
    guard Word(line.suffix(6)) == .wholeBody else { return false }
    let before = line.dropLast(6).last
    return before == UInt8(ascii: " ") || before == UInt8(ascii: "(")
  }

  private var isFetch: Bool {
    let words = text.prefix(64).split(separator: UInt8(ascii: " "), maxSplits: 3)
    return words.count > 2 && words[1].allSatisfy { (0x30...0x39).contains($0) } && Word(words[2]) == .fetch
  }
}

extension Word {
  fileprivate static let wholeBody = Word("BODY[]")
}
