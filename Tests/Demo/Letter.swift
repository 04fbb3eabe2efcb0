import Mail
import Support

/// A message that the play is about, known on both sides by its Message-ID.
struct Letter: Sendable {
  let messageID: String
  /// As it is written or sent; a delivery may put trace headers before it.
  let bytes: [UInt8]

  /// A letter that is not among the sample mail. The same `number` is the same letter.
  init(new number: Int, kind: SampleMail.Kind = .plain, size: Int? = nil) {
    let mail = SampleMail(number: SampleAccount.numberOfFirstNew + number, kind: kind, size: size)
    messageID = mail.messageID
    bytes = mail.bytes
  }

  /// The Message-ID of a message that begins with these bytes; nil where it has none.
  static func messageID(in head: some Sequence<UInt8>) -> String? {
    // By bytes: to Swift's characters, CRLF is one.
    for line in Array(head).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      let text = String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
      if text.isEmpty { return nil }
      if text.lowercased().hasPrefix("message-id:") { return String(text.dropFirst(11).drop { $0 == " " }) }
    }
    return nil
  }

  /// So many bytes of a message hold its Message-ID, in our sample mail with what Dovecot's delivery puts before it.
  static let headMax = 8_192
}
