/// Delivery as a mail transfer agent does it (RFC 2033), one message a connection.
enum LMTP {
  /// Delivers to one user. Blocks.
  static func deliver(_ message: [UInt8], to user: String, port: UInt16, within limit: Duration) throws {
    let deadline = Deadline(in: limit)
    let connection = try LoopbackConnection(port: port)
    func expect(_ code: String, after command: String?) throws {
      if let command { try connection.write(Array("\(command)\r\n".utf8), until: deadline) }
      while true {
        guard let line = try connection.line(until: deadline) else { throw SupportError("LMTP: connection ended") }
        let text = String(decoding: line, as: UTF8.self)
        guard text.hasPrefix(code) else { throw SupportError("LMTP: \(command ?? "greeting"): \(text)") }
        // `250-` is followed by more lines, `250 ` is the last.
        if !text.hasPrefix(code + "-") { return }
      }
    }
    try expect("220", after: nil)
    try expect("250", after: "LHLO localhost")
    try expect("250", after: "MAIL FROM:<sender@example.org>")
    try expect("250", after: "RCPT TO:<\(user)>")
    try expect("354", after: "DATA")
    try connection.write(dotStuffed(message), until: deadline)
    try expect("250", after: ".")
    try expect("221", after: "QUIT")
  }

  /// With CRLF line ends, a dot doubled where a line begins with one, and a line end at the end.
  static func dotStuffed(_ message: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(message.count + message.count / 16)
    for line in message.lineFeedForm.split(separator: 0x0A, omittingEmptySubsequences: false) {
      if line.first == UInt8(ascii: ".") { result.append(UInt8(ascii: ".")) }
      result.append(contentsOf: line)
      result.append(contentsOf: [0x0D, 0x0A])
    }
    if message.last == 0x0A { result.removeLast(2) }
    return result
  }
}
