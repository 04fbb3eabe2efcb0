/// The parts of a message as octets (RFC 5322).
enum MessageText {
  /// Behind the empty line that ends the header.
  static func bodyStart(_ message: [UInt8]) -> Int {
    var line = 0
    while let end = message[line...].firstIndex(of: 0x0A) {
      if end == line || (end == line + 1 && message[line] == 0x0D) { return end + 1 }
      line = end + 1
    }
    return message.count
  }

  /// The lines of these fields, in the message's order, and the empty line behind them (RFC 9051 §6.4.5.1).
  static func fields(_ names: [String], of message: [UInt8]) -> [UInt8] {
    var found: [UInt8] = []
    forEachField(message) { name, lines in
      if names.contains(name) { found.append(contentsOf: lines) }
    }
    found.sayLineEnd()
    return found
  }

  /// A field's value, unfolded; nil where there is none.
  static func value(of wanted: String, in message: [UInt8]) -> [UInt8]? {
    var value: [UInt8]?
    forEachField(message) { name, lines in
      guard value == nil, name == wanted, let colon = lines.firstIndex(of: UInt8(ascii: ":")) else { return }
      let unfolded = lines[(colon + 1)...].filter { $0 != 0x0D && $0 != 0x0A }
      value = Array(unfolded.drop { $0 == 0x20 || $0 == 0x09 })
    }
    return value
  }

  /// Names in upper case.
  private static func forEachField(_ message: [UInt8], _ body: (String, ArraySlice<UInt8>) -> Void) {
    let end = bodyStart(message)
    var start = 0
    while start < end {
      var next = start
      repeat {
        next = message[next..<end].firstIndex(of: 0x0A).map { $0 + 1 } ?? end
      } while next < end && (message[next] == 0x20 || message[next] == 0x09)
      let lines = message[start..<next]
      if let colon = lines.firstIndex(of: UInt8(ascii: ":")) {
        let name = lines[..<colon].filter { $0 != 0x20 && $0 != 0x09 }
        body(String(decoding: name, as: UTF8.self).uppercased(), lines)
      }
      start = next
    }
  }
}
