import Mail
import Reconciliation

/// How many messages share one barrier and one transaction.
enum TransferBatch {
  /// So many messages, or so many octets where sizes are known: enough for a barrier to cost little for each, few
  /// enough for a crash to repeat little and for newest-first to mean something.
  static let messagesMax = 256
  static let octetsMax = 16 << 20

  static func batches(of arrivals: some Sequence<Arrival>) -> [[Arrival]] {
    var batches: [[Arrival]] = []
    var current: [Arrival] = []
    var octets = 0
    for arrival in arrivals {
      let size = arrival.observation.traits?.wireSize ?? 0
      if !current.isEmpty, current.count == messagesMax || octets.addingClamped(size) > octetsMax {
        batches.append(current)
        current = []
        octets = 0
      }
      current.append(arrival)
      octets = octets.addingClamped(size)
    }
    if !current.isEmpty { batches.append(current) }
    return batches
  }
}
