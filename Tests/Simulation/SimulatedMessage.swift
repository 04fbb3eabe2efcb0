package import Mail
package import Ports

/// A message in a simulated store. Its content is a short text; equal texts are the same message.
package struct SimulatedMessage: Hashable, Sendable {
  package var text: String
  package var flags: FlagSet
  package var date: InternalDate
  /// Octets of header lines that a mail reader added, which make no other message of it.
  package var added = 0

  package init(_ text: String, flags: FlagSet = .none, date: InternalDate = InternalDate(secondsSince1970: 1_000_000)) {
    self.text = text
    self.flags = flags
    self.date = date
  }

  package var identity: MessageIdentity {
    let plain = MessageIdentity.simulated(text)
    return MessageIdentity(digest: plain.digest, wireSize: plain.wireSize + added, messageID: plain.messageID)
  }
}

extension MessageIdentity {
  /// Stands in for the real digest: injective enough for texts that a test writes, and the same in every run. A text that
  /// begins with `?` is one without a Message-ID; what follows a `#` is not in it.
  package static func simulated(_ text: String) -> MessageIdentity {
    var bytes: [UInt8] = []
    for lane in 0..<4 {
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325 &+ UInt64(lane)
      for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: hash >> UInt64(shift))) }
    }
    guard let digest = MessageDigest(bytes: bytes) else { preconditionFailure("four lanes of eight bytes are 32") }
    return MessageIdentity(
      digest: digest, wireSize: text.utf8.count,
      messageID: text.hasPrefix("?") ? nil : "<\(text.prefix { $0 != "#" })@example.org>")
  }
}

/// A simulated message's content, in pieces of a few bytes.
@Loop
package final class SimulatedContent: MessageContent {
  package let wireSize: Int
  package let date: InternalDate?
  private var rest: ArraySlice<UInt8>

  package init(_ message: SimulatedMessage) {
    rest = Array(message.text.utf8)[...]
    wireSize = rest.count
    date = message.date
  }

  package func next() async throws(StoreError) -> [UInt8]? {
    guard !rest.isEmpty else { return nil }
    let piece = Array(rest.prefix(3))
    rest = rest.dropFirst(3)
    return piece
  }
}
