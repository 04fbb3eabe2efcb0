import Ports
import Reconciliation

/// Lets transfers of one direction through at a time, where each holds a connection of either server.
///
/// With one connection left on each side, a transfer from here to there and one from there to here would each hold what
/// the other waits for. Of one direction any number may run: they take both in the same order.
@Loop
final class DirectionGate {
  private var direction: Side?
  private var count = 0
  private var waiting: [(direction: Side, continuation: CheckedContinuation<Void, Never>)] = []

  /// Waits behind whoever waits already, so that neither direction starves.
  func enter(_ from: Side) async {
    if waiting.isEmpty, direction == nil || direction == from {
      direction = from
      count += 1
      return
    }
    await withCheckedContinuation { waiting.append((from, $0)) }
  }

  func leave() {
    precondition(count > 0, "who leaves has entered")
    count -= 1
    guard count == 0 else { return }
    direction = waiting.first?.direction
    while let next = waiting.first, next.direction == direction {
      waiting.removeFirst()
      count += 1
      next.continuation.resume()
    }
  }
}
