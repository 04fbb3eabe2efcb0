/// The commands that the simulated server knows. UID is a prefix, and no command of its own.
package enum ServerVerb: String, Sendable, Hashable, CaseIterable {
  case capability = "CAPABILITY"
  case noop = "NOOP"
  case logout = "LOGOUT"
  case id = "ID"
  case startTLS = "STARTTLS"
  case login = "LOGIN"
  case authenticate = "AUTHENTICATE"
  case enable = "ENABLE"
  case namespace = "NAMESPACE"
  case list = "LIST"
  case lsub = "LSUB"
  case status = "STATUS"
  case create = "CREATE"
  case delete = "DELETE"
  case rename = "RENAME"
  case subscribe = "SUBSCRIBE"
  case unsubscribe = "UNSUBSCRIBE"
  case select = "SELECT"
  case examine = "EXAMINE"
  case append = "APPEND"
  case idle = "IDLE"
  case notify = "NOTIFY"
  case unselect = "UNSELECT"
  case close = "CLOSE"
  case check = "CHECK"
  case fetch = "FETCH"
  case store = "STORE"
  case search = "SEARCH"
  case copy = "COPY"
  case move = "MOVE"
  case expunge = "EXPUNGE"

  /// In which states of RFC 9051 §3 it may be sent.
  enum Stage { case any, beforeLogin, afterLogin, selected }

  var stage: Stage {
    switch self {
    case .capability, .noop, .logout, .id: .any
    case .startTLS, .login, .authenticate: .beforeLogin
    case .enable, .namespace, .list, .lsub, .status, .create, .delete, .rename, .subscribe, .unsubscribe, .select,
      .examine, .append, .idle, .notify:
      .afterLogin
    case .unselect, .close, .check, .fetch, .store, .search, .copy, .move, .expunge: .selected
    }
  }

  /// Without which it is unknown; nil for IMAP4rev1's own.
  var needed: ServerExtensions? {
    switch self {
    case .id: .id
    case .enable: .enable
    case .namespace: .namespace
    case .idle: .idle
    case .notify: .notify
    case .unselect: .unselect
    case .move: .move
    default: nil
    }
  }

  /// True where it may have UID before it.
  var takesUID: Bool {
    switch self {
    case .fetch, .store, .search, .copy, .move, .expunge: true
    default: false
    }
  }

  /// RFC 9051 §7.5.1: while these are answered by message number, numbers stay what they are.
  var forbidsExpunge: Bool { self == .fetch || self == .store || self == .search }
}
