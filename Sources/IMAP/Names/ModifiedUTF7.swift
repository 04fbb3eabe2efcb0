/// The encoding of mailbox names in IMAP4rev1 (RFC 3501 §5.1.3).
package enum ModifiedUTF7 {
  package static func encode(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var shifted: [UInt16] = []
    for scalar in text.unicodeScalars {
      if (0x20...0x7E).contains(scalar.value) {
        endShift(&shifted, into: &bytes)
        bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        if scalar == "&" { bytes.append(UInt8(ascii: "-")) }
      } else {
        shifted.append(contentsOf: UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter)
      }
    }
    endShift(&shifted, into: &bytes)
    return bytes
  }

  /// Nil for anything that `encode` would not have written: 8-bit octets, shifts that are not needed, bits left over,
  /// half surrogates. Two names on the wire never give one text.
  package static func decode(_ bytes: some Collection<UInt8>) -> String? {
    var units: [UInt16] = []
    var index = bytes.startIndex
    while index != bytes.endIndex {
      let byte = bytes[index]
      bytes.formIndex(after: &index)
      guard (0x20...0x7E).contains(byte) else { return nil }
      guard byte == UInt8(ascii: "&") else {
        units.append(UInt16(byte))
        continue
      }
      guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "-")) else { return nil }
      if end == index {
        units.append(UInt16(byte))
      } else if !decodeShift(bytes[index..<end], into: &units) {
        return nil
      }
      index = bytes.index(after: end)
    }
    guard let text = String(validating: units, as: UTF16.self), encode(text).elementsEqual(bytes) else { return nil }
    return text
  }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,".utf8)

  /// Writes `&`, the UTF-16 units in base64 without padding, and `-`.
  private static func endShift(_ units: inout [UInt16], into bytes: inout [UInt8]) {
    guard !units.isEmpty else { return }
    bytes.append(UInt8(ascii: "&"))
    var bits: UInt32 = 0
    var count = 0
    for unit in units {
      bits = bits << 16 | UInt32(unit)
      count += 16
      while count >= 6 {
        count -= 6
        bytes.append(alphabet[Int(bits >> UInt32(count)) & 0x3F])
      }
      bits &= (1 << UInt32(count)) - 1
    }
    if count > 0 { bytes.append(alphabet[Int(bits << UInt32(6 - count)) & 0x3F]) }
    bytes.append(UInt8(ascii: "-"))
    units.removeAll(keepingCapacity: true)
  }

  /// False for an octet outside the alphabet; bits left over are found by encoding again.
  private static func decodeShift(_ shift: some Collection<UInt8>, into units: inout [UInt16]) -> Bool {
    var bits: UInt32 = 0
    var count = 0
    for byte in shift {
      guard let value = value(of: byte) else { return false }
      bits = bits << 6 | value
      count += 6
      if count >= 16 {
        count -= 16
        units.append(UInt16(truncatingIfNeeded: bits >> UInt32(count)))
        bits &= (1 << UInt32(count)) - 1
      }
    }
    return true
  }

  private static func value(of byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: ","): 63
    default: nil
    }
  }
}
