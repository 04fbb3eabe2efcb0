import Mail
import Ports
import Reconciliation

/// What a server still stores after messages were sent to it and no answer came: it reads what a broken connection left
/// in its buffers, however busy it is, and no command tells when it has. Looked at too soon, they would be sent once more
/// (law L3).
@Loop
struct LateArrivals {
  /// Between two looks whether the server is still at work, and how many there are at most.
  private static let interval: Duration = .seconds(3)
  private static let looksMax = 10

  let context: AccountContext
  let folder: SyncedFolder
  let side: Side

  /// Returns when the folder stands still.
  func settle() async throws(StoreError) {
    var before: Set<MessageKey>?
    for _ in 1...Self.looksMax {
      let look = try await context.stores[side].look(at: folder.names[side], .wide(since: folder.checkpoints[side]))
      folder.checkNumbering(look.numbering, on: side)
      let now = Set(look.present.keys)
      if now == before { return }
      before = now
      guard await context.sleep(Self.interval) else { return }
    }
  }
}
