import Ports
import Reconciliation

/// Decides which of the deletions that passes have found are carried out now.
@Loop
struct DeletionGathering {
  /// Deletions in so short a time are no person's, one after another.
  private static let burst: Duration = .seconds(5)

  let context: AccountContext

  /// After the passes have advanced, and before any deletes. What a person allows does not wait; nor does what was moved
  /// to another folder: until it goes here, a person sees it twice.
  func run(_ passes: [FolderPass], areAllowed: Bool) throws(StoreError) {
    let now = context.clock.now
    for side in Side.allCases {
      var moved: [FolderID: Set<PairID>] = [:]
      for pass in passes {
        let elsewhere = try pass.movedElsewhere(on: side)
        moved[pass.folder.id] = elsewhere
        context.gathered[side].note(
          pass.removals(on: side).subtracting(elsewhere), in: pass.folder.id, isWhole: pass.showsWhole(side.other),
          at: now)
      }
      guard !areAllowed else { continue }
      let recent = context.deletions[side].recent(at: now, within: Self.burst)
      let areFew = context.gathered[side].count() + recent <= context.deletionRules.brake.freeCount
      let isCalm = context.gathered[side].rest(at: now) == .zero
      for pass in passes where !mayDecide(pass, side, areFew: areFew, isCalm: isCalm) {
        pass.postponeDeletions(side, but: moved[pass.folder.id] ?? [])
      }
    }
  }

  /// What the brake holds however many more come, is told at once.
  private func mayDecide(_ pass: FolderPass, _ side: Side, areFew: Bool, isCalm: Bool) -> Bool {
    if pass.showsWhole(side.other) { return areFew || isCalm || pass.isHeldByItself(side) }
    return areFew && context.gathered[side].isAll(pass.removals(on: side), of: pass.folder.id)
  }
}
