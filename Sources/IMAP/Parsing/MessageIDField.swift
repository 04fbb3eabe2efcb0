/// The Message-ID among fetched header fields (RFC 5322 §3.6.4).
enum MessageIDField {
  /// As far as it is compared and stored.
  static let lengthMax = 512

  /// The first Message-ID field's value, unfolded, its printable ASCII only, as Digests reads it from the message
  /// itself; nil where there is none.
  static func value(in header: ArraySlice<UInt8>) -> String? {
    var line = header
    while !line.isEmpty {
      guard let value = line.dropping(name: "message-id") else {
        guard let end = line.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        line = line[(end + 1)...]
        continue
      }
      return text(of: value)
    }
    return nil
  }

  /// The same of the field's value alone, as ENVELOPE tells it.
  static func text(of value: ArraySlice<UInt8>) -> String? {
    let octets = unfolded(value)
    return octets.isEmpty ? nil : String(decoding: octets, as: UTF8.self)
  }

  private static func unfolded(_ value: ArraySlice<UInt8>) -> [UInt8] {
    var octets: [UInt8] = []
    var isAtLineStart = false
    for octet in value {
      let isBlank = octet == UInt8(ascii: " ") || octet == UInt8(ascii: "\t")
      if isAtLineStart, !isBlank { break }
      isAtLineStart = octet == UInt8(ascii: "\n")
      guard (0x21...0x7E).contains(octet) else { continue }
      octets.append(octet)
      if octets.count == lengthMax { break }
    }
    return octets
  }
}

extension ArraySlice<UInt8> {
  /// What follows `name` and its colon, nil where another field is here. RFC 5322 §4.5.8: blanks before the colon are
  /// obsolete, and still read.
  fileprivate func dropping(name: String) -> ArraySlice<UInt8>? {
    let count = name.utf8.count
    guard self.count > count, zip(self, name.utf8).allSatisfy({ Word.uppercase($0) == Word.uppercase($1) }) else {
      return nil
    }
    let rest = dropFirst(count).drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    return rest.first == UInt8(ascii: ":") ? rest.dropFirst() : nil
  }
}
