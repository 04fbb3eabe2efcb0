import Ports

/// What a store refused as too large, or for want of room. What is no smaller is not sent to be refused as well; what is
/// smaller may still fit.
@Loop
final class SizeRefusal {
  private struct Refused {
    let octets: Int
    let reason: String
  }

  private var smallest: Refused?

  /// What became of a message of this size that was sent.
  func note(_ result: Result<Delivered, StoreError>, of octets: Int) {
    switch result {
    case .failure(let error) where error.kind == .noSpace:
      if !isRefused(octets) { smallest = Refused(octets: octets, reason: error.text) }
    case .success:
      // Somebody has made room.
      if isRefused(octets) { smallest = nil }
    case .failure: break
    }
  }

  /// Nil where it may fit, as far as is known.
  func error(for octets: Int) -> StoreError? {
    guard isRefused(octets), let smallest else { return nil }
    return StoreError(.message, .noSpace, "not sent, for one that is no larger was refused: \(smallest.reason)")
  }

  private func isRefused(_ octets: Int) -> Bool { smallest.map { octets >= $0.octets } ?? false }
}
