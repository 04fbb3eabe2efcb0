internal import Mail

/// A piece of a command on its way out.
enum CommandPart: Equatable {
  case octets([UInt8])
  /// What follows waits for the server's `+`.
  case pause
  /// The caller writes the message here.
  case upload
}

/// Writes the words of one command. Whatever a name, flag or password holds, it stays one argument: it goes out quoted,
/// or as a literal where a quoted string cannot say it.
struct CommandEncoder {
  /// Whom the words are for.
  enum Reader {
    case server(Capabilities, SessionLimits)
    /// Credentials are `***`, literals and message octets are shown by their number (law L13).
    case log
  }

  private let reader: Reader
  private var parts: [CommandPart] = []
  private var octets: [UInt8] = []

  init(for reader: Reader) { self.reader = reader }

  /// Everything written, as parts that follow one another.
  mutating func finish() -> [CommandPart] {
    flush()
    return parts
  }

  /// Everything written so far, for a log.
  var logText: String { printable(String(decoding: octets, as: UTF8.self)) }

  /// What a server's capabilities allow; nothing for a log.
  func allows(_ capability: Capability) -> Bool {
    guard case .server(let capabilities, _) = reader else { return false }
    return capabilities.contains(capability)
  }

  /// Our own words: never text from elsewhere.
  mutating func raw(_ text: String) { octets.append(contentsOf: text.utf8) }

  mutating func space() { octets.append(UInt8(ascii: " ")) }

  mutating func lineEnd() { octets.append(contentsOf: [UInt8(ascii: "\r"), UInt8(ascii: "\n")]) }

  /// `astring` of RFC 9051 §9. NUL cannot be said in IMAP, and is left out.
  mutating func string(_ text: String) { string(Array(text.utf8).filter { $0 != 0 }) }

  mutating func string(_ text: [UInt8]) {
    guard text.allSatisfy(Self.isQuotable), text.count <= Self.quotedMax else { return literal(text) }
    octets.append(UInt8(ascii: "\""))
    for octet in text {
      if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\") { octets.append(UInt8(ascii: "\\")) }
      octets.append(octet)
    }
    octets.append(UInt8(ascii: "\""))
  }

  /// The arguments of LOGIN, which are never shown.
  mutating func arguments(_ credentials: Credentials) {
    guard case .server = reader else { return raw("***") }
    string(credentials.user)
    space()
    var password = credentials.password.octets()
    string(password)
    wipe(&password)
  }

  /// The response of SASL PLAIN (RFC 4616): at once where SASL-IR is offered, else when the server asks for it.
  mutating func plainResponse(_ credentials: Credentials) {
    guard case .server = reader else { return raw(" ***") }
    if allows(.saslIR) {
      space()
    } else {
      lineEnd()
      pause()
    }
    var message = credentials.plainMessage
    octets.append(contentsOf: message)
    wipe(&message)
  }

  /// Words in parentheses.
  mutating func list(_ words: [String]) {
    raw("(")
    raw(words.joined(separator: " "))
    raw(")")
  }

  mutating func mailbox(_ name: MailboxName) { string(name.bytes) }

  /// Safe as they are: a Keyword is an atom.
  mutating func flags(_ flags: FlagSet) { raw("(\(flags))") }

  mutating func uids(_ set: UIDSet) {
    precondition(!set.isEmpty, "IMAP has no empty set: a command for no message is not sent")
    raw(set.description)
  }

  mutating func uids(_ target: UIDTarget) {
    switch target {
    case .set(let set): uids(set)
    case .from(let uid): raw("\(uid):*")
    }
  }

  /// The header of a literal whose octets the caller writes.
  mutating func upload(size: Int) {
    precondition(size >= 0, "a message has no negative size")
    guard case .server = reader else { return raw("{\(size)}") }
    literalHeader(size: size)
    flush()
    parts.append(.upload)
  }

  /// Longer quoted strings are literals: some servers bound a line more tightly than a literal.
  private static let quotedMax = 1000

  /// QUOTED-CHAR: 7-bit, no line ends, no NUL.
  private static func isQuotable(_ octet: UInt8) -> Bool {
    octet < 0x80 && octet != 0 && octet != 0x0D && octet != 0x0A
  }

  private mutating func literal(_ text: [UInt8]) {
    guard case .server = reader else { return raw("{\(text.count)}") }
    literalHeader(size: text.count)
    octets.append(contentsOf: text)
  }

  /// RFC 7888: without waiting, where the server allows that for this size.
  private mutating func literalHeader(size: Int) {
    raw(sendsUnasked(size) ? "{\(size)+}" : "{\(size)}")
    lineEnd()
    if !sendsUnasked(size) { pause() }
  }

  private func sendsUnasked(_ size: Int) -> Bool {
    guard case .server(_, let limits) = reader else { return false }
    if allows(.literalPlus) { return size <= limits.unaskedLiteralMax }
    return allows(.literalMinus) && size <= SessionLimits.literalMinusMax
  }

  private mutating func pause() {
    flush()
    parts.append(.pause)
  }

  private mutating func flush() {
    guard !octets.isEmpty else { return }
    parts.append(.octets(octets))
    octets = []
  }
}
