internal import Mail

/// A mailbox's name exactly as it is on the wire, whatever its encoding. No NUL is in it.
package struct MailboxName: Hashable, Sendable {
  package let bytes: [UInt8]

  /// Longer names are not taken from a server.
  package static let lengthMax = 8000

  package static let inbox = MailboxName(unchecked: Array("INBOX".utf8))
  /// The reference of an ordinary LIST.
  package static let empty = MailboxName(unchecked: [])

  /// Nil for a name with NUL, which IMAP cannot say, or one too long.
  package init?(bytes: [UInt8]) {
    guard bytes.count <= Self.lengthMax, !bytes.contains(0) else { return nil }
    self.bytes = bytes
  }

  package init?(_ text: String) { self.init(bytes: Array(text.utf8)) }

  /// INBOX in any case (RFC 9051 §5.1).
  package var isInbox: Bool {
    bytes.count == 5 && zip(bytes, Self.inbox.bytes).allSatisfy { $0 & 0xDF == $1 }
  }

  private init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}

extension MailboxName: CustomStringConvertible {
  /// Printable; not necessarily the same for different names.
  package var description: String { printable(String(decoding: bytes, as: UTF8.self)) }
}
