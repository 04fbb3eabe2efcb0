/// Cuts what a client sends into commands, however it arrives: lines with their literals, in bounded memory.
struct CommandReader {
  enum Event: Equatable {
    /// A whole command, its literals as they were written, without the last line end.
    case command([UInt8])
    /// A line that is no command: DONE, or a SASL response.
    case line([UInt8])
    /// A literal was announced: `accept()` or `abandon()` it.
    case literal(size: Int, isSynchronizing: Bool)
    /// Beyond the limits; nothing is read any more.
    case tooLong
  }

  /// Dovecot's `imap_max_line_length`.
  static let lineMax = 64 << 10
  static let literalMax = 64 << 20
  static let literalsMax = 64

  /// Lines that are no commands, such as those within IDLE.
  var expectsLine = false
  /// What was read of the command in hand.
  private(set) var command: [UInt8] = []
  private var input: [UInt8] = []
  private var head = 0
  private var scanned = 0
  private var literalRest = 0
  private var announced = 0
  private var literals = 0
  private var isOver = false

  mutating func feed(_ octets: [UInt8]) {
    if head == input.count {
      input = octets
      head = 0
      scanned = 0
    } else {
      input.append(contentsOf: octets)
    }
  }

  /// Nil where more has to come first.
  mutating func next() -> Event? {
    while !isOver {
      if literalRest > 0 {
        let count = min(literalRest, input.count - head)
        command.append(contentsOf: input[head..<(head + count)])
        literalRest -= count
        consume(count)
        if literalRest > 0 { return nil }
      }
      guard let line = nextLine() else {
        if input.count - head > Self.lineMax { return end() }
        return nil
      }
      if expectsLine, command.isEmpty { return .line(Array(line)) }
      if command.count - announced + line.count > Self.lineMax { return end() }
      let header = Self.literalHeader(line)
      command.append(contentsOf: line)
      guard let header else {
        defer { abandon() }
        return .command(command)
      }
      literals += 1
      guard header.size <= Self.literalMax, literals <= Self.literalsMax else { return end() }
      command.append(contentsOf: [0x0D, 0x0A])
      announced += header.size
      pending = header.size
      return .literal(size: header.size, isSynchronizing: header.isSynchronizing)
    }
    return nil
  }

  private var pending = 0

  /// The octets of the literal announced last are part of the command.
  mutating func accept() {
    literalRest = pending
    pending = 0
  }

  /// The command in hand is over: it was answered, or its literal will not be sent.
  mutating func abandon() {
    command = []
    announced = 0
    literals = 0
    pending = 0
  }

  /// What has arrived and was not looked at is dropped: it came before TLS did.
  mutating func drop() {
    input = []
    head = 0
    scanned = 0
  }

  private mutating func end() -> Event {
    isOver = true
    return .tooLong
  }

  private mutating func nextLine() -> ArraySlice<UInt8>? {
    guard let end = input[max(head, scanned)...].firstIndex(of: 0x0A) else {
      scanned = input.count
      return nil
    }
    let start = head
    consume(end + 1 - head)
    let isCRLF = end > start && input[end - 1] == 0x0D
    return input[start..<(isCRLF ? end - 1 : end)]
  }

  private mutating func consume(_ count: Int) {
    head += count
    scanned = head
  }

  /// `{n}`, `{n+}` at the end of a line (RFC 7888 §3).
  private static func literalHeader(_ line: ArraySlice<UInt8>) -> (size: Int, isSynchronizing: Bool)? {
    guard line.last == UInt8(ascii: "}"), let open = line.lastIndex(of: UInt8(ascii: "{")) else { return nil }
    var digits = line[(open + 1)..<(line.endIndex - 1)]
    let isSynchronizing = digits.last != UInt8(ascii: "+")
    if !isSynchronizing { digits = digits.dropLast() }
    guard (1...10).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return (digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }, isSynchronizing)
  }
}
