/// Turns the server's octets into what they say, whatever pieces they come in.
struct ResponseReader {
  /// How far a FETCH is that its body cuts in two.
  private enum Fetch {
    case none
    /// The octets of BODY[] pass, or have passed.
    case cut(FetchParser)
    /// What came before the body is malformed: its octets are dropped, and the response is unreadable.
    case unreadable(excerpt: String)
  }

  private let limits: SessionLimits
  private let isTraced: Bool
  /// The lines that were read since this was last emptied, where traced, as they came.
  var lines: [[UInt8]] = []
  private var framer: Framer
  private var parser: ResponseParser
  private var fetch = Fetch.none
  /// What else the last response said, last first.
  private var pending: [Received] = []

  init(limits: SessionLimits, isTraced: Bool = false) {
    self.limits = limits
    self.isTraced = isTraced
    framer = Framer(limits: limits)
    parser = ResponseParser(limits: limits)
  }

  var quirks: Quirks { parser.quirks }
  /// See `Cursor.credentials`.
  var credentials: Credentials? {
    get { parser.credentials }
    set { parser.credentials = newValue }
  }
  var isBetweenResponses: Bool { framer.isBetweenResponses }

  /// The next thing said in `input` from `index` on, which moves forward; nil when more octets are needed.
  mutating func next(in input: [UInt8], from index: inout Int) throws(SessionError) -> Received? {
    if let received = pending.popLast() { return received }
    while let piece = try framer.next(in: input, from: &index) {
      if let received = try read(piece, of: input) { return received }
    }
    return nil
  }

  /// Nil for a piece of a response that says nothing: that of one which is unreadable.
  private mutating func read(_ piece: Framer.Piece, of input: [UInt8]) throws(SessionError) -> Received? {
    if isTraced, piece == .response || piece == .bodyHeader { lines.append(framer.text) }
    switch piece {
    case .response:
      defer { framer.clear() }
      return try response()
    case .bodyHeader:
      defer { framer.clear() }
      return try bodyHeader()
    case .body(let range):
      guard case .cut = fetch else { return nil }
      return .body(range == input.indices ? input : Array(input[range]))
    case .bodyEnd:
      guard case .cut = fetch else { return nil }
      return .bodyEnded
    }
  }

  private mutating func response() throws(SessionError) -> Received {
    defer { fetch = .none }
    switch fetch {
    case .none:
      guard let start = ResponseParser.fetchStart(framer.text, limits: limits) else {
        return try parser.response(framer.text)
      }
      var fetchParser = FetchParser(sequenceNumber: start.sequenceNumber)
      let outcome = try parser.reading(framer.text, from: start.index) { (cursor) throws(ParseError) in
        try fetchParser.begin(&cursor)
      }
      return completed(fetchParser, outcome)
    case .cut(var fetchParser):
      let outcome = try parser.reading(framer.text) { (cursor) throws(ParseError) in
        try fetchParser.resume(&cursor)
      }
      return completed(fetchParser, outcome)
    case .unreadable(let excerpt): return .untagged(.unreadable(name: "FETCH", excerpt: excerpt))
    }
  }

  /// A FETCH at its end. A body that came quoted is told before it, as if it had been streamed.
  private mutating func completed(_ fetchParser: FetchParser, _ outcome: FetchParser.Outcome?) -> Received {
    let response = fetchParser.response
    guard case .complete(let quotedBody, let origin) = outcome, response.sequenceNumber > 0 else {
      return .untagged(.unreadable(name: "FETCH", excerpt: parser.excerpt(framer.text)))
    }
    guard let quotedBody else { return .untagged(.fetch(response)) }
    pending = [.untagged(.fetch(response)), .bodyEnded]
    if !quotedBody.isEmpty { pending.append(.body(quotedBody)) }
    return .bodyBegan(
      BodyStart(
        sequenceNumber: response.sequenceNumber, uid: response.uid, size: quotedBody.count, origin: origin))
  }

  private mutating func bodyHeader() throws(SessionError) -> Received? {
    guard case .none = fetch else {
      // A second BODY[] in one FETCH: which of them is the message cannot be told any more.
      fetch = .unreadable(excerpt: parser.excerpt(framer.text))
      return nil
    }
    guard let start = ResponseParser.fetchStart(framer.text, limits: limits), start.sequenceNumber > 0 else {
      fetch = .unreadable(excerpt: parser.excerpt(framer.text))
      return nil
    }
    var fetchParser = FetchParser(sequenceNumber: start.sequenceNumber)
    let outcome = try parser.reading(framer.text, from: start.index) { (cursor) throws(ParseError) in
      try fetchParser.begin(&cursor)
    }
    guard case .body(let size, let origin) = outcome else {
      fetch = .unreadable(excerpt: parser.excerpt(framer.text))
      return nil
    }
    fetch = .cut(fetchParser)
    return .bodyBegan(
      BodyStart(
        sequenceNumber: start.sequenceNumber, uid: fetchParser.response.uid, size: size, origin: origin))
  }
}
