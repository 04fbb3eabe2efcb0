import Synchronization

/// How much more clients may say before the network keeps the rest back.
final class ClientAllowance: Sendable {
  private let octets: Mutex<Int>
  private let (spent, spend) = AsyncStream<Never>.makeStream()

  init(_ octets: Int) { self.octets = Mutex(octets) }

  var left: Int { octets.withLock { $0 } }

  func take(_ count: Int) {
    let left = octets.withLock { octets in
      octets -= count
      return octets
    }
    if left <= 0 { spend.finish() }
  }

  /// As much passes from now on as there is.
  func lift() {
    octets.withLock { $0 = .max }
    spend.finish()
  }

  func isSpent() async { for await _ in spent {} }
}
