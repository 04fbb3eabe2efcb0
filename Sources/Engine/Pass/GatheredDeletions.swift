package import Ports
package import Reconciliation

/// Deletions that were seen on the one side and wait before they are carried out on the other, until no more of them
/// come (law L9).
///
/// Who removes a folder's messages removes them one by one, and each look shows a few of them: judged look by look, they
/// would pass below the brake. So where more go than a person deletes in a moment, it is waited for a calm, and the
/// whole folder decides.
package struct GatheredDeletions: Equatable, Sendable {
  /// No further deletion for so long is a calm.
  package static let calm: Duration = .seconds(1)
  /// So long a calm is waited for at most; as long as the brake remembers.
  package static let patience = DeletionMeter.memory

  private struct Entry: Equatable {
    var pairs: Set<PairID>
    /// The account's brake has held them: they count, and nothing is waited for.
    var isHeld = false
  }

  private var entries: [FolderID: Entry] = [:]
  /// When the first and the latest of them were seen.
  private var since: LoopInstant?
  private var latest: LoopInstant?

  package init() {}

  /// What a pass would delete. One that looked at the whole folder replaces what was known; another adds to it.
  package mutating func note(_ pairs: Set<PairID>, in folder: FolderID, isWhole: Bool, at now: LoopInstant) {
    let known = entries[folder]?.pairs ?? []
    let all = isWhole ? pairs : known.union(pairs)
    guard !all.isEmpty else { return settle(folder, isHeld: false) }
    if !pairs.isSubset(of: known) {
      since = since ?? now
      latest = now
    }
    entries[folder] = Entry(pairs: all, isHeld: isWhole && known == all && entries[folder]?.isHeld ?? false)
  }

  /// They were carried out, or held: by the account's brake, or by the folder's own, which is no concern of the others.
  package mutating func settle(_ folder: FolderID, isHeld: Bool) {
    if isHeld { entries[folder]?.isHeld = true } else { entries[folder] = nil }
    if waiting.isEmpty { (since, latest) = (nil, nil) }
  }

  /// Folders with deletions that wait.
  package var waiting: [FolderID] { entries.filter { !$0.value.isHeld }.keys.sorted() }

  /// How many there are in all folders but those.
  package func count(besides folders: Set<FolderID> = []) -> Int {
    entries.reduce(0) { folders.contains($1.key) ? $0 : $0 + $1.value.pairs.count }
  }

  /// True where these are all of the folder's.
  package func isAll(_ pairs: Set<PairID>, of folder: FolderID) -> Bool {
    entries[folder]?.pairs.isSubset(of: pairs) ?? true
  }

  /// How long it is until the calm, or until it is waited for no more.
  package func rest(at now: LoopInstant) -> Duration {
    guard let since, let latest else { return .zero }
    let due = min(latest.advanced(by: Self.calm), since.advanced(by: Self.patience))
    return max(now.duration(to: due), .zero)
  }
}

/// Decides which of the deletions that passes have found are carried out now.
@Loop
struct DeletionGathering {
  /// Deletions in so short a time are no person's, one after another.
  private static let burst: Duration = .seconds(5)

  let context: AccountContext

  /// After the passes have advanced, and before any deletes.
  func run(_ passes: [FolderPass]) {
    let now = context.clock.now
    for side in Side.allCases {
      for pass in passes {
        context.gathered[side].note(
          pass.removals(on: side), in: pass.folder.id, isWhole: pass.isWide(side.other), at: now)
      }
      let recent = context.deletions[side].recent(at: now, within: Self.burst)
      let areFew = context.gathered[side].count() + recent <= context.deletionRules.brake.freeCount
      let isCalm = context.gathered[side].rest(at: now) == .zero
      for pass in passes where !mayDecide(pass, side, areFew: areFew, isCalm: isCalm) { pass.postponeDeletions(side) }
    }
  }

  /// What the brake holds however many more come, is told at once.
  private func mayDecide(_ pass: FolderPass, _ side: Side, areFew: Bool, isCalm: Bool) -> Bool {
    if pass.isWide(side.other) { return areFew || isCalm || pass.isHeldByItself(side) }
    return areFew && context.gathered[side].isAll(pass.removals(on: side), of: pass.folder.id)
  }
}
