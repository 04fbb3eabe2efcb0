package import Mail
package import Reconciliation

/// What both sides last agreed on, durably (law L4). One for each account; calls are short and synchronous.
///
/// Each method is one transaction. Process death loses none that returned; a power cut may lose the last ones, never
/// tear one, and what is lost costs time, not mail.
@Loop
package protocol Ledger: AnyObject, Sendable {
  func folders() throws(LedgerError) -> [LedgerFolder]
  func addFolder(_ names: Sides<FolderName>) throws(LedgerError) -> LedgerFolder
  /// Forgets the folder with all that is known of it. Takes long where it has many pairs: see `removePairs`.
  func removeFolder(_ id: FolderID) throws(LedgerError)
  /// Forgets some pairs of a folder that is about to be removed, `limit` at most; false once it has none.
  func removePairs(in folder: FolderID, limit: Int) throws(LedgerError) -> Bool

  /// All pairs of a folder, ordered by id.
  func pairs(in folder: FolderID) throws(LedgerError) -> [Pair]
  /// Those pairs of a folder that have any of these keys on `side`.
  func pairs(in folder: FolderID, side: Side, keys: some Collection<MessageKey>) throws(LedgerError) -> [Pair]
  func pairCount(in folder: FolderID) throws(LedgerError) -> Int
  /// Where a pair is now, with its identity; nil where it is no more.
  func record(of pair: PairID) throws(LedgerError) -> PairRecord?
  /// Pairs of any folder with this content: candidates for a copy without transfer.
  func records(digest: MessageDigest) throws(LedgerError) -> [PairRecord]
  /// Pairs of any folder with these traits; the caller checks Message-ID or digest before believing.
  func records(wireSize: Int, messageID: String?) throws(LedgerError) -> [PairRecord]
  /// The identities of a folder's pairs, for matching anew.
  func records(in folder: FolderID) throws(LedgerError) -> [PairRecord]
  /// The same in portions, ordered by the near side's keys: those behind `key`, `limit` at most.
  func records(in folder: FolderID, behind key: MessageKey?, limit: Int) throws(LedgerError) -> [PairRecord]
  /// Of a folder's pairs, the UIDs on that side from `uid` on.
  func uids(in folder: FolderID, side: Side, from uid: UID) throws(LedgerError) -> [UID]

  /// Everything that one step or batch changed, in one transaction.
  func commit(_ changes: [LedgerChange]) throws(LedgerError)
  /// The same, on disk when it returns, for what a power cut may not undo.
  func commitDurably(_ changes: [LedgerChange]) throws(LedgerError)

  func intents(in folder: FolderID) throws(LedgerError) -> [Intent]
  func setAside(in folder: FolderID?) throws(LedgerError) -> [SetAside]
  /// Those of a folder's with any of these keys on `side`.
  func setAside(in folder: FolderID, side: Side, keys: some Collection<MessageKey>) throws(LedgerError) -> [SetAside]
  /// What has been kept since before `seconds` (since 1970), oldest first; nil: all of it.
  func limbo(before seconds: Int64?) throws(LedgerError) -> [LimboEntry]
  /// What is kept of this size and Message-ID, oldest first.
  func limbo(wireSize: Int, messageID: String) throws(LedgerError) -> [LimboEntry]

  /// Small facts by name: the root's marker, the account's places. On disk when it is set: by these an empty mount point
  /// is told from an emptied Maildir, also after a power cut (law L8).
  func fact(_ name: String) throws(LedgerError) -> String?
  func setFact(_ name: String, to value: String?) throws(LedgerError)

  func close()
}

package struct LedgerError: Error, Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    /// What is stored cannot be believed, so that trying again is of no use.
    case damage
    /// Another program has what is stored to itself at the moment.
    case busy
    /// The disk is full: may change by itself.
    case full
    /// What a person must mend first: the place cannot be read or written, or what lies there is not this martlet's.
    case needsPerson
    /// Something we did not expect of ourselves.
    case fault
  }

  package let kind: Kind
  package let text: String

  package init(_ text: String, _ kind: Kind = .fault) {
    self.text = text
    self.kind = kind
  }

  package var isDamage: Bool { kind == .damage }

  /// What it means for the account, which cannot go on without a base (law L4).
  package var storeKind: StoreError.Kind {
    switch kind {
    case .busy: .held
    case .full: .noSpace
    case .needsPerson: .needsPerson
    case .damage, .fault: .internalFault
    }
  }
}

package struct LedgerFolder: Hashable, Sendable {
  package let id: FolderID
  package let names: Sides<FolderName>
  package var checkpoints: Sides<Checkpoint?>
  /// Seconds since 1970 of the last complete pass; nil before the first.
  package var lastPass: Int64?
  /// The newest pair of all folders when that pass was recorded; nil where nobody took note of it.
  package var lastPair: PairID?

  package init(
    id: FolderID, names: Sides<FolderName>, checkpoints: Sides<Checkpoint?>, lastPass: Int64?, lastPair: PairID? = nil
  ) {
    self.id = id
    self.names = names
    self.checkpoints = checkpoints
    self.lastPass = lastPass
    self.lastPair = lastPair
  }
}

/// A pair with what it takes to know its message again.
package struct PairRecord: Hashable, Sendable {
  package let folder: FolderID
  package let pair: Pair
  package let identity: MessageIdentity
  package let date: InternalDate?

  package init(folder: FolderID, pair: Pair, identity: MessageIdentity, date: InternalDate?) {
    self.folder = folder
    self.pair = pair
    self.identity = identity
    self.date = date
  }
}

package enum LedgerChange: Hashable, Sendable {
  case addPair(FolderID, near: Sighting, far: Sighting, identity: MessageIdentity, date: InternalDate?)
  case setFlags(PairID, Sides<FlagSet>)
  /// The message is now in another folder, or under other keys.
  case relocate(PairID, to: FolderID, near: Sighting, far: Sighting)
  case removePair(PairID)
  case setCheckpoint(FolderID, Side, Checkpoint?)
  /// Also takes note of the newest pair that there is.
  case passCompleted(FolderID, at: Int64)
  case addIntent(FolderID, IntentDraft)
  case removeIntent(IntentID)
  case setAside(SetAside)
  case clearSetAside(FolderID, Side, MessageKey)
  case addLimbo(LimboEntry)
  /// By the entry's unique key.
  case removeLimbo(MessageKey)

  /// True where the base learns what became of a message.
  package var isOfAPair: Bool {
    switch self {
    case .addPair, .setFlags, .relocate, .removePair: true
    case .setCheckpoint, .passCompleted, .addIntent, .removeIntent, .setAside, .clearSetAside, .addLimbo, .removeLimbo:
      false
    }
  }
}

package struct IntentID: RawRepresentable, Hashable, Sendable {
  package let rawValue: Int64
  package init(rawValue: Int64) { self.rawValue = rawValue }
}

/// A delivery about to happen that could not safely be repeated: recorded before, removed with its outcome.
package struct Intent: Hashable, Sendable {
  package let id: IntentID
  package let draft: IntentDraft

  package init(id: IntentID, draft: IntentDraft) {
    self.id = id
    self.draft = draft
  }
}

package struct IntentDraft: Hashable, Sendable {
  /// The side delivered to.
  package let target: Side
  /// The message on the other side, with the flags that it is brought with: its own where it is sent, and those of its
  /// original where that is copied or moved.
  package let source: Sighting
  /// Where the target gives out names beforehand.
  package let reserved: MessageKey?
  /// Where the target numbers on arrival: the lowest number it can get.
  package let uidNext: UID?
  /// Where it was known before.
  package let identity: MessageIdentity?
  package let date: InternalDate?
  /// The pair whose message the step moves here; nil for one that copies or sends.
  package let moved: PairID?

  package init(
    target: Side, source: Sighting, reserved: MessageKey?, uidNext: UID?, identity: MessageIdentity?,
    date: InternalDate?, moved: PairID? = nil
  ) {
    self.target = target
    self.source = source
    self.reserved = reserved
    self.uidNext = uidNext
    self.identity = identity
    self.date = date
    self.moved = moved
  }
}

/// A message that could not be synced, why, and when it is tried again (law L11).
package struct SetAside: Hashable, Sendable {
  package let folder: FolderID
  package let side: Side
  package let key: MessageKey
  package let reason: String
  package let attempts: Int
  /// Seconds since 1970.
  package let retryAt: Int64

  package init(folder: FolderID, side: Side, key: MessageKey, reason: String, attempts: Int, retryAt: Int64) {
    self.folder = folder
    self.side = side
    self.key = key
    self.reason = reason
    self.attempts = attempts
    self.retryAt = retryAt
  }
}

/// A message deleted from a Maildir, kept a while so that its reappearance elsewhere needs no transfer.
package struct LimboEntry: Hashable, Sendable {
  package let key: MessageKey
  package let identity: MessageIdentity
  package let date: InternalDate?
  /// Seconds since 1970.
  package let since: Int64

  package init(key: MessageKey, identity: MessageIdentity, date: InternalDate?, since: Int64) {
    self.key = key
    self.identity = identity
    self.date = date
    self.since = since
  }
}
