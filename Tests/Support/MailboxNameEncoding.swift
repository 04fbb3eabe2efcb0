/// Modified UTF-7, in which IMAP4rev1 writes mailbox names (RFC 3501 §5.1.3).
enum MailboxNameEncoding {
  static func encode(_ text: String) -> String {
    var result = ""
    var pending: [UInt16] = []
    func flush() {
      guard !pending.isEmpty else { return }
      result += "&" + base64(pending.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }) + "-"
      pending = []
    }
    for scalar in text.unicodeScalars {
      if (0x20...0x7E).contains(scalar.value) {
        flush()
        result += scalar == "&" ? "&-" : String(scalar)
      } else {
        pending += Array(String(scalar).utf16)
      }
    }
    flush()
    return result
  }

  /// Nil where `text` is not modified UTF-7.
  static func decode(_ text: String) -> String? {
    var result = ""
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      guard scalar == "&" else {
        result.unicodeScalars.append(scalar)
        continue
      }
      guard let end = rest.firstIndex(of: "-") else { return nil }
      let run = rest[..<end]
      rest = rest[rest.index(after: end)...]
      if run.isEmpty {
        result += "&"
      } else {
        guard let units = utf16(ofBase64: run) else { return nil }
        result += String(decoding: units, as: UTF16.self)
      }
    }
    return result
  }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,".unicodeScalars)

  private static func base64(_ bytes: [UInt8]) -> String {
    var result = ""
    var bits: UInt32 = 0
    var count = 0
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      count += 8
      while count >= 6 {
        count -= 6
        result.unicodeScalars.append(alphabet[Int(bits >> UInt32(count) & 0x3F)])
      }
    }
    if count > 0 { result.unicodeScalars.append(alphabet[Int(bits << UInt32(6 - count) & 0x3F)]) }
    return result
  }

  private static func utf16(ofBase64 text: Substring.UnicodeScalarView) -> [UInt16]? {
    var units: [UInt16] = []
    var bits: UInt32 = 0
    var count = 0
    for scalar in text {
      guard let value = alphabet.firstIndex(of: scalar) else { return nil }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 16 {
        count -= 16
        units.append(UInt16(bits >> UInt32(count) & 0xFFFF))
      }
    }
    return units
  }
}
