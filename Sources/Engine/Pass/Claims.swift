import Ports
import Reconciliation

/// Pairs that a pass is moving or deleting at the moment, so that two folders' passes never do so to one message.
@Loop
final class Claims {
  private var claimed: Set<PairID> = []
  private var waiting: [CheckedContinuation<Void, Never>] = []

  /// Waits until none of the pairs is claimed by another, then claims all of them.
  func claim(_ pairs: Set<PairID>) async {
    while !claimed.isDisjoint(with: pairs) {
      await withCheckedContinuation { waiting.append($0) }
    }
    claimed.formUnion(pairs)
  }

  func release(_ pairs: Set<PairID>) {
    claimed.subtract(pairs)
    let woken = waiting
    waiting.removeAll()
    for continuation in woken { continuation.resume() }
  }
}
