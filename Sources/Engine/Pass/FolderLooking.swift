import Mail
import Ports
import Reconciliation

/// A pass's look at one side of its folder, with what the store alone cannot know to be missing from it.
@Loop
struct FolderLooking {
  let context: AccountContext
  let folder: SyncedFolder
  let side: Side

  func run(_ scope: LookScope, _ options: PassOptions) async throws(StoreError) -> Look {
    var look = try await context.stores[side].look(at: folder.names[side], scope)
    folder.checkNumbering(look.checkpoint, on: side)
    if look.missingPart != nil {
      look = try await FolderMending(context: context, folder: folder, side: side).look(scope, options)
    }
    if try hidesDeletions(look, scope) {
      look = try await context.stores[side].look(at: folder.names[side], .wide(since: nil))
    }
    // What could not be synced then is looked at again now, if its time has come.
    if scope.isWide, look.coverage == .changes {
      let due = try dueRetries().subtracting(look.present.keys).subtracting(look.gone)
      if !due.isEmpty { look.add(try await context.stores[side].look(at: folder.names[side], .messages(due))) }
    }
    if !options.isDryRun {
      try SettingAside(context: context, folder: folder, side: side).keepNamed(look.unreadable)
    }
    return look
  }

  /// Without QRESYNC a server's count tells whether any message is gone, and one that is new since the checkpoint, known
  /// to the base and expunged again can be made up for in it by another that came. Whatever is there of those was listed:
  /// so one that was not shown calls for a complete listing (law L2).
  private func hidesDeletions(_ look: Look, _ scope: LookScope) throws(StoreError) -> Bool {
    guard look.coverage == .changes, !look.isPartial, case .wide(.imap(let since)?) = scope, let new = since.uidNext,
      case .imap(let now)? = look.checkpoint, now.uidValidity == since.uidValidity
    else { return false }
    let known = try context.withLedger { ledger throws(LedgerError) in
      try ledger.uids(in: folder.id, side: side, from: new)
    }
    return known.contains { look.present[.uid($0)] == nil && !look.gone.contains(.uid($0)) }
  }

  private func dueRetries() throws(StoreError) -> Set<MessageKey> {
    let now = context.wallSeconds
    let aside = try context.withLedger { ledger throws(LedgerError) in try ledger.setAside(in: folder.id) }
    return Set(aside.filter { $0.side == side && $0.retryAt <= now }.map(\.key))
  }
}

extension Look {
  /// What a later look at single messages tells.
  fileprivate mutating func add(_ later: Look) {
    present.merge(later.present) { first, _ in first }
    gone.formUnion(later.gone)
    unreadable.merge(later.unreadable) { first, _ in first }
  }
}
