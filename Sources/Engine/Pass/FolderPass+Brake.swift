import Mail
import Ports
import Reconciliation

/// What a pass would delete, and whether the brake lets it (law L9).
extension FolderPass {
  /// True where the folder's own brake holds what is to be deleted on this side.
  func isHeldByItself(_ side: Side) -> Bool { isHeld(side, nil) }

  func isHeld(_ side: Side, _ account: AccountBrake.Hold?) -> Bool {
    if case .held = verdict(on: side, account: account) { true } else { false }
  }

  func verdict(on side: Side, account: AccountBrake.Hold?) -> MessageDeletion.Verdict {
    MessageDeletion(context: context, folder: folder, on: side).verdict(
      on: deletionCount(on: side), moved: movedCount[side], of: pairCount ?? 0, account: account,
      isCaught: caught.contains(side), options)
  }

  /// How many messages are to be deleted on this side, and were not moved.
  func deletionCount(on side: Side) -> Int { plan.deletions[side].count { !moved[side].contains($0.pair) } }

  /// True where neither side, nor the base, loses anything by what is left to do.
  var takesNothing: Bool { plan.deletions.near.isEmpty && plan.deletions.far.isEmpty && plan.forgotten.isEmpty }

  /// What is to be deleted on this side.
  func removals(on side: Side) -> Set<PairID> { Set(plan.deletions[side].map(\.pair)) }

  /// True where the folder would lose more than the brake's share of what it has, be it ever so little.
  func losesMost(on side: Side) -> Bool {
    let share = Brake(freeCount: 0, percent: context.deletionRules.brake.percent)
    let recent = folder.deletions[side].recent(at: context.clock.now)
    return share.holds(deletionCount(on: side) + movedCount[side], of: pairCount ?? 0, recent: recent)
  }
}
