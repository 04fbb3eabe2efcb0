package import Mail
package import Ports
package import Reconciliation

/// A folder pair that takes part, with what is remembered of it between passes.
@Loop
package final class SyncedFolder {
  package nonisolated let id: FolderID
  package nonisolated let names: Sides<FolderName>
  /// What the ledger vouches for; nil before the first look.
  var checkpoints: Sides<Checkpoint?>
  var lastPass: Int64?
  /// When a pass over both sides last ended well; the ledger hears of one that found nothing only now and then.
  var lastSync: Int64?
  /// True once this session has seen that the base is of the mailbox that is there: by a look at the whole folder, or by
  /// a listing that proves it unchanged. Before, its UIDs may mean other messages (law L8).
  var isConfirmed = false
  /// Sides that this session's listing, or a look at the whole folder, has shown to number the folder's messages as the
  /// base does.
  var knownNumbers: Set<Side> = []
  /// A pass left deletions here to a later one, as before this session had looked at all folders; or saw what has changed
  /// since by another one's doing.
  var hasPostponedDeletions = false
  /// Sides with messages that lost their partners to another folder: they have to be looked at whole.
  var bereft: Set<Side> = []
  /// Sides that are older copies of themselves: what is missing there was not deleted, and its flags are old.
  var olderCopies: Set<Side> = []
  /// The account has it no more.
  var isRemoved = false
  /// What other passes have moved out since a pass last began to look here: its look may show them still, and they are new
  /// nowhere.
  private(set) var departed = Sides<Set<MessageKey>>(near: [], far: [])
  /// How many passes have begun to look here.
  private(set) var looks = 0
  /// How often the base was told that messages of this side lost their partners, or may have.
  private(set) var losses = Sides(near: 0, far: 0)
  /// Deletions carried out on each side a moment ago.
  var deletions = Sides(near: DeletionMeter(), far: DeletionMeter())
  /// Held by whoever looks at the folder or changes it: one pass at a time.
  let lock = AsyncLock()
  /// What the brake holds back at the moment.
  package internal(set) var held: [PassReport.Held] = []
  /// The same as the ledger has it.
  var heldNoted = ""

  init(_ row: LedgerFolder) {
    id = row.id
    names = row.names
    checkpoints = row.checkpoints
    lastPass = row.lastPass
    lastSync = row.lastPass
  }

  /// For messages to people: the name that the configuration speaks of.
  package nonisolated var title: FolderName { names.far }

  /// A pass that found nothing leaves the disk alone, but for once an hour.
  func isLastPassStale(at now: Int64) -> Bool { lastPass.map { now - $0 > 3600 } ?? true }

  /// To be told what either side shows of its numbering. Where that is not the base's, no pass may go by the base's
  /// numbers from this moment on, until they are matched anew: that of another folder may be about to copy from here.
  func checkNumbering(_ now: Checkpoint?, on side: Side) {
    guard case .imap(let now)? = now, case .imap(let then)? = checkpoints[side], !now.numbersOn(from: then)
    else { return }
    isConfirmed = false
    knownNumbers.remove(side)
  }

  /// True where the base's keys are those of the messages that are there: files have their own for good.
  func numbersOn(as now: Checkpoint?, on side: Side) -> Bool {
    switch (now, checkpoints[side]) {
    case (.imap(let now)?, .imap(let then)?): now.numbersOn(from: then)
    case (.maildir?, _): true
    case (.imap?, _), (nil, _): false
    }
  }

  /// For the transaction that tells the base of a message that somebody took from this side of the folder: where that is
  /// local, a power cut may bring it back together with the directory's time. What that proved unchanged would then be
  /// believed, and the message be seen by nobody (law L2).
  func distrust(_ side: Side) -> [LedgerChange] {
    guard case .maildir? = checkpoints[side] else { return [] }
    checkpoints[side] = nil
    return [.setCheckpoint(id, side, nil)]
  }

  /// The same where the base forgets a pair: whoever has seen this side's end of it still vouches for the side no more.
  func lose(_ side: Side) -> [LedgerChange] {
    losses[side] += 1
    return distrust(side)
  }

  /// Before the looks of a pass.
  func beginLooking() {
    departed = Sides(near: [], far: [])
    looks += 1
  }

  /// With the transaction that gives the pair to another folder.
  func depart(_ pair: Pair) {
    for side in Side.allCases { departed[side].insert(pair[side].key) }
  }

  /// True where another directory has the folder's name now.
  func isInOtherDirectory(_ found: Checkpoint?, on side: Side) -> Bool {
    guard case .maildir(let now)? = found, case .maildir(let then)? = checkpoints[side] else { return false }
    return (now.curInode, now.newInode) != (then.curInode, then.newInode)
  }

  /// For the transaction in which messages of this side lose their partners: they are new then, which only a look at all of
  /// the side shows.
  func bereave(_ side: Side) -> LedgerChange {
    losses[side] += 1
    bereft.insert(side)
    checkpoints[side] = checkpoints[side]?.void
    hasPostponedDeletions = true
    return .setCheckpoint(id, side, checkpoints[side])
  }

  /// True where the brake holds, or held when this process began: then only a look at everything tells that it need not.
  var isHeld: Bool { !held.isEmpty || deletions.near.isHeld || deletions.far.isHeld }

  /// True where one side has it no more, and the brake keeps it on the other.
  var isHeldWhole: Bool { held.contains(where: \.wholeFolder) }

  /// Takes the sides that must be looked at whole; the caller looks at them.
  func takeBereft() -> Set<Side> {
    defer { bereft = [] }
    return bereft
  }
}
