/// A command that was begun and is not answered.
struct InFlight: Sendable {
  /// What its answer means to the session.
  enum Meaning: Equatable, Sendable {
    case capability
    case login
    case startTLS
    case select(MailboxName, isReadOnly: Bool)
    case logout
    case append
    case copy
    case move
    case store
    case other
  }

  let id: CommandID
  let tag: [UInt8]
  let meaning: Meaning
}

extension InFlight.Meaning {
  init(_ command: Command) {
    switch command {
    case .capability: self = .capability
    case .login, .authenticatePlain: self = .login
    case .startTLS: self = .startTLS
    case .select(let name, let readOnly, _): self = .select(name, isReadOnly: readOnly)
    case .logout: self = .logout
    case .append: self = .append
    case .uidCopy: self = .copy
    case .uidMove: self = .move
    case .uidStore: self = .store
    case .noop, .id, .enable, .namespace, .list, .lsub, .status, .uidFetch, .uidSearch, .uidExpunge, .expunge, .create,
      .delete, .rename, .subscribe, .unsubscribe, .idle, .notifyNone, .notify:
      self = .other
    }
  }
}
