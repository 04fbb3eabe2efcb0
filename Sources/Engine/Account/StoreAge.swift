import Mail
import Ports
import Reconciliation

/// Whether a local store is an older copy of itself, put back from a backup or a snapshot. It lacks what came since, and
/// nobody has deleted that (laws L1, L8).
///
/// After a pass over all folders, once the base has changed, an age is left in the store, one higher each time, and
/// remembered in the ledger. An older copy has a lower one; but for one that was made since the last age was left, and put
/// back before the next one is.
@Loop
struct StoreAge {
  let context: AccountContext
  let side: Side

  /// True where the store's age is below the one that the ledger knows. Above it, the ledger is the older one, or a power
  /// cut came between the two, and what the base knows is true as ever.
  func isOlder() async throws(StoreError) -> Bool {
    guard context.stores[side].isLocal, let known = try fact() else { return false }
    return Self.number(try await context.stores[side].age()) < Self.number(known)
  }

  /// In each session, before the first look. Every folder of an older copy is to be matched anew; a person is told, and
  /// asked for nothing: what is missing comes again.
  func recognize(onlyToLook: Bool) async throws(StoreError) {
    guard try await isOlder() else { return }
    if onlyToLook {
      throw StoreError(
        .account, .needsPerson,
        "\(context.stores[side].title) is an older copy of itself, as from a backup: a sync would match every message "
          + "anew, and bring again what is missing; what comes of that a dry run cannot tell")
    }
    let folders = try context.withLedger { ledger throws(LedgerError) in try ledger.folders() }
    for folder in folders {
      try context.setFact(Self.fact(folder.id, side), to: "older")
      context.folders[folder.id]?.checkpoints[side] = nil
      context.folders[folder.id]?.olderCopies.insert(side)
    }
    try context.commitDurably(folders.map { .setCheckpoint($0.id, side, nil) })
    context.tell(.olderCopy(side))
    try await renew()
  }

  /// What is concluded from the store now is of the one that the base knows, also where somebody has put an older copy in
  /// its place a moment ago.
  func require() async throws(StoreError) {
    guard try await isOlder() else { return }
    throw StoreError(
      .account, .unavailable,
      "\(context.stores[side].title) is an older copy of itself by now; it is looked at anew")
  }

  /// After a pass, where the base has changed.
  func renew() async throws(StoreError) {
    guard context.stores[side].isLocal else { return }
    let known = try fact()
    let highest = max(Self.number(known), Self.number(try await context.stores[side].age()))
    // Whichever of the two was written last before a power cut: the ledger knows of it before it goes on.
    if highest > Self.number(known) { try remember("\(highest)") }
    try await context.stores[side].setAge("\(highest + 1)")
    try remember("\(highest + 1)")
  }

  private func fact() throws(StoreError) -> String? { try context.fact(Self.fact(side)) }

  private func remember(_ age: String) throws(StoreError) { try context.setFact(Self.fact(side), to: age) }

  /// Far from where it would overflow, whatever is in a file.
  private static func number(_ age: String?) -> UInt32 { age.flatMap { UInt32($0) }.map { min($0, .max / 2) } ?? 0 }

  private static func fact(_ side: Side) -> String { "\(side) age" }

  // MARK: Folders

  /// In a new process: the sides on which the folder's messages are still to be matched anew.
  static func recall(_ folder: SyncedFolder, _ context: AccountContext) throws(StoreError) {
    for side in Side.allCases where try context.fact(fact(folder.id, side)) != nil { folder.olderCopies.insert(side) }
  }

  static func forget(_ folder: FolderID, _ context: AccountContext) throws(StoreError) {
    for side in Side.allCases { try context.forgetFact(fact(folder, side)) }
  }

  private static func fact(_ folder: FolderID, _ side: Side) -> String {
    "\(side) copy of folder \(folder.rawValue)"
  }
}
