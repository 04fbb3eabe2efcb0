package import Mail

/// Every command that a two-way synchronization needs. Sequence numbers are never sent (RFC 9051 §5.5).
///
/// Sets of UIDs are not empty, and short enough for one line: see `UIDSet.pieces`.
package enum Command: Sendable {
  case capability
  case noop
  case logout
  /// Empty: `ID NIL`.
  case id([IDField])
  /// Written only when nothing is unanswered, and nothing is written behind it.
  case startTLS
  case login(Credentials)
  /// SASL PLAIN (RFC 4616); in one line where SASL-IR is offered.
  case authenticatePlain(Credentials)
  /// Words that are no atoms are left out.
  case enable([Capability])
  case namespace
  /// The pattern is raw like a name, with `*` and `%`.
  case list(reference: MailboxName, pattern: MailboxName, returning: ListOptions)
  case lsub(reference: MailboxName, pattern: MailboxName)
  case status(MailboxName, StatusItems)
  /// EXAMINE where `readOnly`.
  case select(MailboxName, readOnly: Bool, SelectParameter)
  /// `changedSince` is at least 1.
  case uidFetch(UIDTarget, FetchItems, changedSince: ModSequence? = nil)
  case uidStore(UIDSet, FlagStore, FlagSet, silent: Bool)
  /// `returningAll` asks for an ESEARCH answer (RFC 4731).
  case uidSearch([SearchKey], returningAll: Bool)
  case uidCopy(UIDSet, to: MailboxName)
  case uidMove(UIDSet, to: MailboxName)
  case uidExpunge(UIDSet)
  /// Takes others' \Deleted with it: law L10 forbids it but where the set was compared.
  case expunge
  /// `size` octets follow by `.upload`. A date that IMAP cannot say is left out.
  case append(to: MailboxName, FlagSet, InternalDate?, size: Int)
  case create(MailboxName)
  case delete(MailboxName)
  case rename(MailboxName, to: MailboxName)
  case subscribe(MailboxName)
  case unsubscribe(MailboxName)
  case idle
  /// What was asked for before is told no more.
  case notifyNone
  case notify(NotifyRequest)

  /// What a login tells of its user.
  package var credentials: Credentials? {
    switch self {
    case .login(let credentials), .authenticatePlain(let credentials): credentials
    default: nil
    }
  }
}

/// Which messages a UID command means.
package enum UIDTarget: Hashable, Sendable {
  case set(UIDSet)
  /// `n:*`. Where n is beyond the last message, servers answer with the last: drop what is below n.
  case from(UID)
}

/// What UID STORE does with the flags.
package enum FlagStore: String, Hashable, Sendable { case add = "+", remove = "-" }

/// What a SELECT asks for besides selecting. Only one: Purelymail takes no two.
package enum SelectParameter: Hashable, Sendable {
  case none
  case condStore
  /// Needs `ENABLE QRESYNC` answered by ENABLED, and a `modSeq` of at least 1 (RFC 7162 §3.2.5).
  case qresync(UIDValidity, ModSequence)
}

/// One condition of UID SEARCH; several are all to be met.
package enum SearchKey: Hashable, Sendable {
  case all
  case deleted
  case uid(UIDTarget)
}
