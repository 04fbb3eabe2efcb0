package import Mail

/// A folder's state in one store at the moment of a look, for "has anything changed since".
package enum Checkpoint: Hashable, Sendable {
  case imap(MailboxCheckpoint)
  case maildir(MaildirCheckpoint)

  /// True where `self`, listed now, proves that nothing has changed since `earlier` was recorded.
  package func provesNothingChanged(since earlier: Checkpoint) -> Bool {
    switch (self, earlier) {
    case (.imap(let now), .imap(let then)):
      // Without modification sequences a flag may have changed unseen.
      now == then && now.highestModSeq > .none
    case (.maildir(let now), .maildir(let then)):
      now == then && then.isSettled
    case (.imap, .maildir), (.maildir, .imap):
      false
    }
  }
}

/// What STATUS and SELECT say of a mailbox (RFC 9051 §6.3.11, RFC 7162 §3.1.2).
package struct MailboxCheckpoint: Hashable, Sendable {
  package var uidValidity: UIDValidity
  /// The lowest UID that a new message may get. Nil where the server does not tell (Courier's SELECT).
  package var uidNext: UID?
  /// From a HIGHESTMODSEQ code or STATUS item only, never from a FETCH. `.none` without CONDSTORE.
  package var highestModSeq: ModSequence
  package var messageCount: Int

  package init(uidValidity: UIDValidity, uidNext: UID?, highestModSeq: ModSequence, messageCount: Int) {
    self.uidValidity = uidValidity
    self.uidNext = uidNext
    self.highestModSeq = highestModSeq
    self.messageCount = messageCount
  }

  /// True where UIDs are given out as they were when `earlier` was recorded. UIDNEXT only grows under one UIDVALIDITY (RFC
  /// 9051 §2.3.1.1): where it went back the mailbox was put back from a backup, and numbers are given out anew.
  package func numbersOn(from earlier: MailboxCheckpoint) -> Bool {
    guard uidValidity == earlier.uidValidity else { return false }
    guard let uidNext, let before = earlier.uidNext else { return true }
    return uidNext >= before
  }
}

/// The two directories' times: they change whenever a name comes or goes.
package struct MaildirCheckpoint: Hashable, Sendable {
  /// Nanoseconds since 1970, and the inode, of each directory.
  package var curModified: Int64
  package var newModified: Int64
  package var curInode: UInt64
  package var newInode: UInt64
  /// True where both times lay far enough back, when they were read, that a later change must show in them.
  package var isSettled: Bool

  package init(curModified: Int64, newModified: Int64, curInode: UInt64, newInode: UInt64, isSettled: Bool) {
    self.curModified = curModified
    self.newModified = newModified
    self.curInode = curInode
    self.newInode = newInode
    self.isSettled = isSettled
  }
}
