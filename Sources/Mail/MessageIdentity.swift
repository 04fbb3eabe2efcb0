/// SHA-256 over a message's canonical form: LF line ends, without the header lines that mail readers add on saving.
package struct MessageDigest: Hashable, Sendable, CustomStringConvertible {
  package static let byteCount = 32
  package let bytes: [UInt8]

  /// Nil unless there are 32 bytes.
  package init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  package var description: String {
    bytes.reduce(into: "") { text, byte in
      text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
  }
}

/// By what a message is known again without its number or file name.
package struct MessageIdentity: Hashable, Sendable {
  package let digest: MessageDigest
  /// Octets with CRLF line ends: what RFC822.SIZE says of a server that stores what it is given.
  package let wireSize: Int
  /// The Message-ID field's value without white space, at most 512 bytes of it; nil where there is none.
  package let messageID: String?

  package init(digest: MessageDigest, wireSize: Int, messageID: String?) {
    self.digest = digest
    self.wireSize = wireSize
    self.messageID = messageID
  }
}
