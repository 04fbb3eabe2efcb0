import Mail
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
  func run(_ passes: [FolderPass], areAllowed: Bool) async throws(StoreError) {
    if !areAllowed {
      for pass in passes { try await keepStranded(pass) }
      for side in Side.allCases { try await keepUntaken(passes, side) }
    }
    for side in Side.allCases { try await findMoved(passes, side) }
    let now = context.clock.now
    for side in Side.allCases {
      for pass in passes {
        context.gathered[side].note(
          pass.removals(on: side).subtracting(pass.moved[side]), in: pass.folder.id,
          isWhole: pass.showsWholeOfNow(side.other), at: now)
      }
      guard !areAllowed else { continue }
      let recent = context.deletions[side].recent(at: now, within: Self.burst)
      let areFew = context.gathered[side].count() + recent <= context.deletionRules.brake.freeCount
      let isCalm = context.gathered[side].rest(at: now) == .zero
      for pass in passes where !mayDecide(pass, side, areFew: areFew, isCalm: isCalm) {
        pass.postponeDeletions(side, but: pass.moved[side])
      }
    }
  }

  /// What lies in a folder now that this side has not, has its only place here.
  private func keepStranded(_ pass: FolderPass) async throws(StoreError) {
    for side in Side.allCases where !context.loneFolders.names(on: side.other).isEmpty {
      let removals = pass.removals(on: side).sorted()
      guard !removals.isEmpty else { continue }
      let records = try await context.records(of: removals)
      let store = context.stores[side.other]
      let kept = try await context.loneFolders.holding(records, on: side.other, of: store)
      for (name, pairs) in kept.sorted(by: { $0.key < $1.key }) {
        pass.keep(pairs, on: side, .stranded(pairs.count, of: pass.folder, in: name, side))
      }
    }
  }

  /// The same of what was moved to a folder of both sides, and has not come to this one from there.
  private func keepUntaken(_ passes: [FolderPass], _ side: Side) async throws(StoreError) {
    let losing = passes.filter { !$0.removals(on: side).isEmpty }
    guard !losing.isEmpty else { return }
    let inSync = Set(passes.filter { $0.hasTakenAll(on: side.other) }.map(\.folder.id))
    let untaken = try await context.untaken.contents(on: side.other, inSync: inSync, in: context)
    for pass in losing {
      let others = untaken.filter { $0.key != pass.folder.title }
      if !others.isEmpty { try await keep(others, pass, side) }
    }
  }

  private func keep(
    _ untaken: [FolderName: UntakenMessages.Content], _ pass: FolderPass, _ side: Side
  ) async throws(StoreError) {
    let records = try await context.records(of: pass.removals(on: side).sorted())
    for (name, content) in untaken.sorted(by: { $0.key < $1.key }) {
      var kept: Set<PairID> = []
      for record in records where content.mayInclude(record.identity.digest) {
        let isElsewhere = try context.hasPlace(for: record.identity.digest, besides: pass.folder.id)
        if !isElsewhere { kept.insert(record.pair.id) }
      }
      guard !kept.isEmpty else { continue }
      pass.postponeDeletions(side, but: pass.removals(on: side).subtracting(kept))
      pass.tell(.untaken(kept.count, of: pass.folder, in: name, side))
    }
  }

  /// Some were moved while the passes advanced, and are no more to be deleted; others have an heir. Also for a dry run,
  /// which tells what the brake would hold.
  func findMoved(_ passes: [FolderPass], _ side: Side) async throws(StoreError) {
    let going = passes.reduce(into: Set<PairID>()) { $0.formUnion($1.removals(on: side)) }
    guard !going.isEmpty else { return }
    var heirs = Heirs(context: context, side: side, besides: going)
    for pass in passes {
      var (moved, done): (Set<PairID>, Set<PairID>) = ([], [])
      for portion in pass.removals(on: side).sorted().portions(of: AccountContext.pairsAtOnce) {
        let records = try await context.records(of: portion).filter { $0.folder == pass.folder.id }
        done.formUnion(Set(portion).subtracting(records.map(\.pair.id)))
        for record in records where try heirs.takeOne(for: record) != nil { moved.insert(record.pair.id) }
        // Where none of so many was moved, the others were not.
        guard !moved.isEmpty || !done.isEmpty else { break }
      }
      pass.setMoved(moved, done: done, on: side)
    }
  }

  /// What the brake holds however many more come, is told at once.
  private func mayDecide(_ pass: FolderPass, _ side: Side, areFew: Bool, isCalm: Bool) -> Bool {
    if pass.showsWhole(side.other) { return areFew || isCalm || pass.isHeldByItself(side) }
    return areFew && context.gathered[side].isAll(pass.removals(on: side), of: pass.folder.id)
  }
}

extension PassReport.Problem {
  /// Messages that somebody moved to where martlet cannot follow.
  fileprivate static func stranded(_ count: Int, of folder: SyncedFolder, in name: FolderName, _ side: Side) -> Self {
    .init(
      folder: folder.title,
      reason: counted(count, "message was", "messages were") + " moved to the \(side.other) "
        + "\(printable("\(name)")), which is not on the \(side) side; kept there in the old folder until it is"
    )
  }

  /// Messages that are, or may be, where something keeps them from coming over, for a reason that is told of it.
  fileprivate static func untaken(_ count: Int, of folder: SyncedFolder, in name: FolderName, _ side: Side) -> Self {
    .init(
      folder: folder.title,
      reason: counted(count, "message") + " may have been moved to the \(side.other) \(printable("\(name)")), which is "
        + "not in sync; kept on the \(side) side in the old folder until it is")
  }
}
