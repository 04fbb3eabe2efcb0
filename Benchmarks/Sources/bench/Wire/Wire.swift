import Glibc
import Mail
import Support

/// A plain IMAP connection as bare as can be: no state but its buffer, so that what is measured through it is the
/// server and the kernel. It blocks, and belongs to one thread at a time.
final class Wire {
  /// A response as it came, the bytes of its last literal apart.
  struct Response {
    /// All of it but literals, of which only the `{n}` is here.
    let text: String
    let literal: [UInt8]?
  }

  /// How long an answer may take.
  static let answerLimit = Duration.seconds(60)
  private static let chunkSize = 256 << 10

  let descriptor: Int32
  private var buffer: [UInt8] = []
  /// Where the unread bytes begin in `buffer`.
  private var head = 0
  private var chunk = [UInt8](repeating: 0, count: chunkSize)
  private var lastTag = 0

  init(port: UInt16) throws { descriptor = try Loopback.connect(to: port) }

  deinit { close(descriptor) }

  /// A connection that is logged in, with `first` commands behind the login in the same write.
  static func loggedIn(to server: any MailServer, as user: String, then commands: [String] = []) throws -> Wire {
    try loggedIn(port: server.plainPort, as: user, password: server.password, then: commands)
  }

  static func loggedIn(port: UInt16, as user: String, password: String, then commands: [String] = []) throws -> Wire {
    let wire = try Wire(port: port)
    _ = try wire.response()
    let last = try wire.send(["LOGIN \(user) \(password)"] + commands)
    try wire.finish(last)
    return wire
  }

  /// Sends commands in one write; the tag of the last.
  @discardableResult
  func send(_ commands: [String]) throws -> String {
    var text = ""
    for command in commands { text += "\(tag()) \(command)\r\n" }
    try write(Array(text.utf8))
    return "t\(lastTag)"
  }

  /// Sends an APPEND with a literal that waits for nobody (LITERAL+), in one write; its tag.
  func sendAppend(_ message: [UInt8], to folder: FolderName, flags: String = "") throws -> String {
    let tag = tag()
    try write(Array("\(tag) APPEND \"\(folder)\" (\(flags)) {\(message.count)+}\r\n".utf8) + message + [0x0D, 0x0A])
    return tag
  }

  func tag() -> String {
    lastTag += 1
    return "t\(lastTag)"
  }

  /// Sends commands in one write, and gives the untagged responses to all of them; each must succeed.
  @discardableResult
  func run(_ commands: String...) throws -> [Response] { try finish(try send(commands)) }

  /// The untagged responses up to the tagged one; an error where any command on the way does not succeed.
  @discardableResult
  func finish(_ tag: String) throws -> [Response] {
    var untagged: [Response] = []
    while true {
      let response = try response()
      if response.text.hasPrefix("* ") || response.text.hasPrefix("+") {
        untagged.append(response)
        continue
      }
      let words = response.text.split(separator: " ", maxSplits: 2)
      guard words.count >= 2, words[1] == "OK" else { throw BenchError("the server said: \(printable(response.text))") }
      if words[0] == tag { return untagged }
    }
  }

  /// The next response, waited for.
  func response(within limit: Duration = Wire.answerLimit) throws -> Response {
    let deadline = Deadline(in: limit)
    while true {
      if let response = take() { return response }
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let count = unsafe poll(&entry, 1, 1_000)
      guard count > 0 || !deadline.hasPassed else { throw BenchError("no answer from the server within \(limit)") }
      if count > 0 { try receive() }
    }
  }

  /// Reads once what is there; nothing where nothing is.
  func receive() throws {
    if head > 0 {
      buffer.removeFirst(head)
      head = 0
    }
    let count = unsafe recv(descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
    if count < 0, errno == EAGAIN || errno == EINTR { return }
    guard count > 0 else { throw BenchError("the server closed the connection") }
    // Cyrus writes in small pieces, each held back until the one before is acknowledged.
    Loopback.set(TCP_QUICKACK, on: descriptor)
    buffer.append(contentsOf: chunk[..<count])
  }

  /// The next response, if all of it is in the buffer.
  func take() -> Response? {
    var text: [UInt8] = []
    var literal: [UInt8]?
    var position = head
    while let end = lineFeed(from: position) {
      let line = buffer[position..<(end > position && buffer[end - 1] == 0x0D ? end - 1 : end)]
      text.append(contentsOf: line)
      position = end + 1
      guard let count = Self.literalCount(endOf: line) else {
        head = position
        return Response(text: String(decoding: text, as: UTF8.self), literal: literal)
      }
      guard buffer.count - position >= count else { return nil }
      literal = Array(buffer[position..<position + count])
      position += count
    }
    return nil
  }

  func write(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw BenchError.system("sending to the server") }
      rest = rest.dropFirst(count)
    }
    // Writing lets the kernel expect a conversation, and hold acknowledgements back for data to ride on.
    Loopback.set(TCP_QUICKACK, on: descriptor)
  }

  private func lineFeed(from start: Int) -> Int? {
    unsafe buffer.withUnsafeBytes { bytes in
      guard start < bytes.count, let base = bytes.baseAddress,
        let found = unsafe memchr(base + start, 0x0A, bytes.count - start)
      else { return nil }
      return unsafe UnsafeRawPointer(found) - base
    }
  }

  /// The `n` of a `{n}` at the end of a line.
  private static func literalCount(endOf line: ArraySlice<UInt8>) -> Int? {
    guard line.last == UInt8(ascii: "}"), let open = line.lastIndex(of: UInt8(ascii: "{")) else { return nil }
    return Int(String(decoding: line[(open + 1)...].dropLast(), as: UTF8.self))
  }
}
