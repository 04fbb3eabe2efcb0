/// Why a store could not do what was asked: its scope says what pauses, its kind for how long.
package struct StoreError: Error, Hashable, Sendable {
  /// What is out of service. Wider scopes are greater.
  package enum Scope: Int, Hashable, Comparable, Sendable {
    /// This message is set aside; the folder goes on.
    case message
    /// This folder pauses; the account goes on.
    case folder
    /// The connection or account pauses; other accounts go on.
    case account
    package static func < (left: Scope, right: Scope) -> Bool { left.rawValue < right.rawValue }
  }

  package enum Kind: Hashable, Sendable {
    /// Not reached, closed on us, or does not speak IMAP (exit code 69).
    case unavailable
    /// The login was refused (77). Servers lock accounts, so that it is tried again far more slowly.
    case refusedLogin
    /// The server's certificate was not verified, or TLS not agreed on (77). A portal of the network may be in the way.
    case untrusted
    /// The login could not be tried, because what gives the password failed (77). Nobody was bothered by it, so that it
    /// is tried again sooner than a refused one.
    case noPassword
    /// What a person must mend first: the root's marker is missing, the directory unreadable.
    case needsPerson
    /// Another martlet has it (75).
    case held
    /// The message or folder is not there (any more).
    case gone
    /// The server or file system said no to this one thing.
    case refused
    /// Too big, over quota, disk full: may change by itself.
    case noSpace
    /// Something we did not expect of ourselves.
    case internalFault
    case cancelled
  }

  package let scope: Scope
  package let kind: Kind
  /// For a person: what failed, on what, and the peer's words made printable.
  package let text: String

  package init(_ scope: Scope, _ kind: Kind, _ text: String) {
    self.scope = scope
    self.kind = kind
    self.text = text
  }
}
