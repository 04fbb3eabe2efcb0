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
    /// How many of them went in the moment before.
    package let deleted: Int

    package init(deletions: Int, total: Int, deleted: Int = 0) {
      self.deletions = deletions
      self.total = total
      self.deleted = deleted
    }
  }

  let context: AccountContext

  /// For each side nil where its deletions may go on. What the passes brought does not dilute what they would delete, and
  /// what a folder's own brake holds anyway is no reason to hold all others: only those that lose most of what they have.
  func holds(_ passes: [FolderPass], _ options: PassOptions) throws(StoreError) -> Sides<Hold?> {
    var holds = Sides<Hold?>(near: nil, far: nil)
    for side in Side.allCases {
      for pass in try caught(passes, side) { pass.caught.insert(side) }
      holds[side] = try hold(passes.filter { $0.deletionCount(on: side) > 0 }, of: passes, side)
      guard holds[side] != nil, !options.isDryRun, !options.allowsDeletions else { continue }
      try BrakeMemory(context: context, folder: nil, side: side).hold()
    }
    if context.hasSeenAllFolders { try release(options) }
    return holds
  }

  /// Where no folder has anything left that was held for the account's sake: known only after a look at all of them.
  func release(_ options: PassOptions) throws(StoreError) {
    guard !options.isDryRun else { return }
    // One that could not be looked at may have the most to delete; one that is held whole is judged by itself.
    guard options.allowsDeletions || context.folders.all.allSatisfy({ $0.isConfirmed || $0.isHeldWhole }) else {
      return
    }
    for side in Side.allCases where context.gathered[side].count() == 0 {
      try BrakeMemory(context: context, folder: nil, side: side).release(isAllowed: options.allowsDeletions)
    }
  }

  /// What waits in other folders, or is held there for the account's sake, counts with what would be deleted now.
  private func hold(_ deleting: [FolderPass], of passes: [FolderPass], _ side: Side) throws(StoreError) -> Hold? {
    let now = deleting.filter { !$0.isHeldByItself(side) }.reduce(0) { $0 + $1.deletionCount(on: side) }
    guard now > 0 else { return nil }
    let brake = context.deletionRules.brake
    let deletions = now + context.gathered[side].count(besides: Set(deleting.map(\.folder.id)))
    let recent = context.deletions[side].recent(at: context.clock.now)
    // Most passes delete little, and then nothing is counted.
    let isHeld = context.deletions[side].isHeld
    guard isHeld || deletions + recent > brake.freeCount else { return nil }
    let total = try total(before: passes)
    guard isHeld || brake.holds(deletions, of: total, recent: recent) else { return nil }
    return Hold(deletions: deletions + recent, total: total + recent, deleted: recent)
  }

  /// Where a whole disk is emptied, the large folders' brakes hold, and what the small ones lose is no person's either.
  private func caught(_ passes: [FolderPass], _ side: Side) throws(StoreError) -> [FolderPass] {
    let deleting = passes.filter { $0.deletionCount(on: side) > 0 }
    let suspects = deleting.filter { !$0.isHeldByItself(side) && $0.losesMost(on: side) }
    guard !suspects.isEmpty else { return [] }
    let ids = Set(deleting.map(\.folder.id))
    let heldBefore = context.folders.all.filter { !ids.contains($0.id) }.flatMap(\.held)
      .filter { $0.side == side && $0.account == nil }.reduce(0) { $0 + $1.deletions }
    guard heldBefore > 0 || deleting.contains(where: { $0.isHeldByItself(side) }) else { return [] }
    let now = deleting.reduce(heldBefore) { $0 + $1.deletionCount(on: side) }
    let all = now + context.gathered[side].count(besides: ids)
    let recent = context.deletions[side].recent(at: context.clock.now)
    return context.deletionRules.brake.holds(all, of: try total(before: passes), recent: recent) ? suspects : []
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
