package import Ports
import Reconciliation

/// The brake on an account as a whole (law L9): many small folders that empty at once are a mass deletion, although none
/// of them holds enough to be one.
@Loop
package struct AccountBrake {
  /// What is too much.
  package struct Hold: Hashable, Sendable {
    /// Messages that would be deleted on this side, in all folders of the pass.
    package let deletions: Int
    /// Messages of the account.
    package let total: Int

    package init(deletions: Int, total: Int) {
      self.deletions = deletions
      self.total = total
    }
  }

  let context: AccountContext

  /// For each side nil where its deletions may go on. What the passes brought does not dilute what they would delete, and
  /// what a folder's own brake holds anyway is no reason to hold the others.
  func holds(_ passes: [FolderPass]) throws(StoreError) -> Sides<Hold?> {
    var deletions = Sides(near: 0, far: 0)
    for side in Side.allCases {
      for pass in passes where !pass.isHeldByItself(side) { deletions[side] += pass.deletionCounts[side] }
    }
    let brake = context.deletionRules.brake
    var holds = Sides<Hold?>(near: nil, far: nil)
    for side in Side.allCases where deletions[side] > 0 {
      let recent = context.deletions[side].recent(at: context.clock.now)
      // Most passes delete little, and then nothing is counted.
      guard deletions[side] + recent > brake.freeCount else { continue }
      let total = try total(before: passes)
      if brake.holds(deletions[side], of: total, recent: recent) {
        holds[side] = Hold(deletions: deletions[side], total: total)
      }
    }
    return holds
  }

  private func total(before passes: [FolderPass]) throws(StoreError) -> Int {
    var counts: [FolderID: Int] = [:]
    for pass in passes { counts[pass.folder.id] = pass.pairCount }
    return try context.withLedger { ledger throws(LedgerError) in
      var total = 0
      for folder in context.folders.all {
        if let count = counts[folder.id] { total += count } else { total += try ledger.pairCount(in: folder.id) }
      }
      return total
    }
  }
}
