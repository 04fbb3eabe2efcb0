import Mail
import Ports
import Reconciliation

/// A pass's look at one side of its folder, with what the store alone cannot know to be missing from it.
@Loop
struct FolderLooking {
  let context: AccountContext
  let folder: SyncedFolder
  let side: Side

  /// A dry run glances: what it sees is still to be brought over.
  func run(_ wanted: LookScope, _ options: PassOptions) async throws(StoreError) -> Look {
    let scope = options.isDryRun ? wanted.glancing : wanted
    var look = try await context.stores[side].look(at: folder.names[side], scope)
    folder.checkNumbering(look.numbering, on: side)
    try FolderMount(context: context, folder: folder, side: side).require(look, options)
    if !options.isDryRun, folder.isInOtherDirectory(look.checkpoint, on: side) {
      // Should the former one come back under its name, it would prove nothing of what the base learns until then.
      try context.commit(folder.distrust(side))
    }
    if look.missingPart != nil {
      look = try await FolderMending(context: context, folder: folder, side: side).look(scope, options)
    }
    look = try await completed(look, scope)
    // What could not be synced then is looked at again now, if its time has come.
    if wanted.isWide, look.coverage == .changes {
      let due = try dueRetries().subtracting(look.present.keys).subtracting(look.gone)
      if !due.isEmpty { look.add(try await context.stores[side].look(at: folder.names[side], .messages(due))) }
    }
    if !options.isDryRun {
      try SettingAside(context: context, folder: folder, side: side).keepNamed(look.unreadable)
    }
    return look
  }

  /// The same, or a listing of everything where that look may hide that messages are gone.
  func completed(_ look: Look, _ scope: LookScope) async throws(StoreError) -> Look {
    let hidden = HiddenDeletions(context: context, folder: folder, side: side)
    guard try hidden.mayBe(in: look, scope) else { return look }
    let complete = try await context.stores[side].look(at: folder.names[side], scope.ofEverything)
    if case .imap(let now)? = complete.checkpoint, case .imap(let then)? = look.checkpoint,
      now.uidValidity != then.uidValidity
    {
      folder.checkNumbering(complete.numbering, on: side)
      throw StoreError(
        .folder, .unavailable, "the \(side) folder was made anew while it was looked at; tried again soon")
    }
    return complete
  }

  private func dueRetries() throws(StoreError) -> Set<MessageKey> {
    let now = context.wallSeconds
    let aside = try context.withLedger { ledger throws(LedgerError) in try ledger.setAside(in: folder.id) }
    return Set(aside.filter { $0.side == side && $0.isDue(at: now) }.map(\.key))
  }
}

extension LookScope {
  fileprivate var glancing: LookScope {
    guard case .wide(let since) = self else { return self }
    return since.map { .glanceSince($0) } ?? .glance
  }

  /// The same, whatever was known before.
  fileprivate var ofEverything: LookScope { if case .glanceSince = self { .glance } else { .wide(since: nil) } }
}

extension Look {
  /// What a later look at single messages tells.
  fileprivate mutating func add(_ later: Look) {
    present.merge(later.present) { first, _ in first }
    gone.formUnion(later.gone)
    unreadable.merge(later.unreadable) { first, _ in first }
  }
}
