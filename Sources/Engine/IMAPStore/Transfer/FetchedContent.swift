import IMAP
import Mail
import Ports

/// A message's octets as they come from a server.
@Loop
final class FetchedContent: MessageContent {
  let wireSize: Int
  let date: InternalDate?
  private let channel: BodyChannel
  private var isEnded = false

  init(_ start: BodyStart, date: InternalDate?, from channel: BodyChannel) {
    wireSize = start.size
    self.date = date
    self.channel = channel
  }

  func next() async throws(StoreError) -> [UInt8]? {
    guard !isEnded else { return nil }
    while true {
      switch try await channel.take() {
      case .octets(let octets):
        if !octets.isEmpty { return octets }
      case .ended:
        isEnded = true
        return nil
      case .began, .fetched, .voided, .completed:
        throw StoreError(.account, .internalFault, "a message's octets were not followed by its end")
      }
    }
  }

  /// Reads what the receiver left.
  func drain() async throws(StoreError) {
    while try await next() != nil {}
  }
}
