import Mail
import Ports
import Reconciliation

/// What a look since a checkpoint cannot show: that a message is gone which came after it.
///
/// Without QRESYNC a server's count tells whether any message is gone, and one that is new since the checkpoint, known to
/// the base and expunged again can be made up for in it by another that came. Nor does it count at all where the base
/// has come to know it just now, by what an interrupted step left. Whatever is there of those was listed: so one that was
/// not shown calls for a complete listing (law L2).
@Loop
struct HiddenDeletions {
  let context: AccountContext
  let folder: SyncedFolder
  let side: Side

  func mayBe(in look: Look, _ scope: LookScope) throws(StoreError) -> Bool {
    guard look.coverage == .changes, !look.isPartial, case .imap(let since)? = scope.since, let new = since.uidNext,
      case .imap(let now)? = look.checkpoint, now.uidValidity == since.uidValidity
    else { return false }
    let known = try context.withLedger { ledger throws(LedgerError) in
      try ledger.uids(in: folder.id, side: side, from: new)
    }
    return known.contains { look.present[.uid($0)] == nil && !look.gone.contains(.uid($0)) }
  }
}

extension LookScope {
  /// What a look at the whole folder starts from.
  fileprivate var since: Checkpoint? {
    switch self {
    case .wide(let since): since
    case .glanceSince(let since): since
    case .pending, .messages, .glance: nil
    }
  }
}
