import Mail
import Ports
import Reconciliation

/// Puts a message aside that could not be synced: named with the reason, and tried again ever more seldom (law L11).
@Loop
struct SettingAside {
  let context: AccountContext
  let folder: SyncedFolder
  /// The side that has the message.
  let side: Side

  /// Nothing where the message is gone, or the work was given up. Throws what is not the message's fault.
  func run(_ key: MessageKey, _ error: StoreError) throws(StoreError) -> (LedgerChange?, PassReport.Problem?) {
    guard error.scope == .message else { throw error }
    if error.kind == .gone || error.kind == .cancelled { return (nil, nil) }
    let earlier = try context.withLedger { ledger throws(LedgerError) in try ledger.setAside(in: folder.id) }
      .first { $0.side == side && $0.key == key }
    let attempts = (earlier?.attempts ?? 0) + 1
    let entry = SetAside(
      folder: folder.id, side: side, key: key, reason: error.text, attempts: attempts,
      retryAt: context.wallSeconds + Self.retryDelay(after: attempts))
    let problem = PassReport.Problem(folder: folder.title, message: "\(side) \(key)", reason: error.text)
    return (.setAside(entry), problem)
  }

  /// Seconds: a minute, doubling to a day.
  static func retryDelay(after attempts: Int) -> Int64 {
    min(60 << Int64(min(attempts - 1, 11)), 86_400)
  }
}
