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
  /// When the first and the latest of them were seen; only the first where a connection ended since.
  private var since: LoopInstant?
  private var latest: LoopInstant?

  package init() {}

  /// After a reconnect: what waited is looked at anew. It has waited since it was first seen, though, or a network that
  /// breaks every minute would keep deletions waiting for ever.
  package mutating func beginAnew() {
    let began = since
    self = GatheredDeletions()
    since = began
  }

  /// What a pass would delete. One that looked at the whole folder replaces what was known; another adds to it.
  package mutating func note(_ pairs: Set<PairID>, in folder: FolderID, isWhole: Bool, at now: LoopInstant) {
    if isWhole, pairs.isEmpty { return forget(folder) }
    guard !pairs.isEmpty else { return }
    if !pairs.isSubset(of: entries[folder]?.pairs ?? []) {
      if latest == nil, let began = since, began.duration(to: now) > Self.patience * 2 { since = nil }
      since = since ?? now
      latest = now
    }
    guard isWhole else {
      entries[folder, default: Entry(pairs: [])].pairs.formUnion(pairs)
      entries[folder]?.isHeld = false
      return
    }
    entries[folder] = Entry(pairs: pairs, isHeld: entries[folder]?.pairs == pairs && entries[folder]?.isHeld == true)
  }

  /// They were carried out; or held by the folder's own brake, which is no concern of the others. What was seen since
  /// waits on.
  package mutating func settle(_ pairs: Set<PairID>, in folder: FolderID) {
    entries[folder]?.pairs.subtract(pairs)
    if entries[folder]?.pairs.isEmpty == true { entries[folder] = nil }
    restIfCalm()
  }

  /// The account's brake holds them.
  package mutating func hold(_ folder: FolderID) {
    entries[folder]?.isHeld = true
    restIfCalm()
  }

  /// Nothing is known of it any more but what the account's brake holds: a look at all of it will tell.
  package mutating func forgetWaiting(in folder: FolderID) {
    if entries[folder]?.isHeld == false { forget(folder) }
  }

  package mutating func forget(_ folder: FolderID) {
    entries[folder] = nil
    restIfCalm()
  }

  private mutating func restIfCalm() {
    if waiting.isEmpty, latest != nil { (since, latest) = (nil, nil) }
  }

  /// Folders with deletions that wait.
  package var waiting: [FolderID] { entries.filter { !$0.value.isHeld }.keys.sorted() }

  package func contains(_ pair: PairID) -> Bool { entries.values.contains { $0.pairs.contains(pair) } }

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
