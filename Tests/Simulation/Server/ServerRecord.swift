package import Mail
package import Ports

/// What sessions have asked of a simulated server, for the checkers of laws.
package struct ServerRecord: Sendable {
  /// Credentials as they arrived (law L13).
  package struct Login: Sendable, Hashable {
    package let session: Int
    package let user: String
    package let password: String
    /// False where anybody on the way could have read them.
    package let wasConfidential: Bool
    package let wasAccepted: Bool
  }

  package struct Body: Sendable, Hashable {
    package let session: Int
    package let mailbox: String
    package let uid: UID
  }

  package struct Arrival: Sendable, Hashable {
    package enum Way: Sendable, Hashable { case append, copy, move }
    package let session: Int
    package let way: Way
    package let mailbox: String
    package let uid: UID
    package let bytes: [UInt8]
  }

  /// A message that a session has ended (law L10).
  package struct Expunge: Sendable, Hashable {
    package enum Way: Sendable, Hashable { case uidExpunge, expunge, close, move, deleteMailbox }
    package let session: Int
    package let way: Way
    package let mailbox: String
    package let uid: UID
    /// True where somebody else than a session had set \Deleted.
    package let wasMarkedByOthers: Bool
    /// True where it came, or somebody else than a session had set \Deleted, after the mailbox was last searched for that.
    package let wasMarkedUnseen: Bool
    /// False where it came after the mailbox's messages were counted for the last time.
    package let wasCounted: Bool
    package let at: LoopInstant
    /// What it was.
    package let bytes: [UInt8]
  }

  package internal(set) var logins: [Login] = []
  package internal(set) var bodies: [Body] = []
  package internal(set) var arrivals: [Arrival] = []
  package internal(set) var expunges: [Expunge] = []
  /// Commands that changed a message, a mailbox or a subscription. Between two equal numbers nothing was changed
  /// (law L2).
  package internal(set) var changes = 0
  package internal(set) var commands: [ServerVerb: Int] = [:]

  package init() {}

  /// True where a session had uploaded it.
  package func hasBrought(_ message: Expunge) -> Bool {
    arrivals.contains { $0.way == .append && $0.mailbox == message.mailbox && $0.uid == message.uid }
  }

  package func count(_ verb: ServerVerb) -> Int { commands[verb] ?? 0 }
  package var commandCount: Int { commands.values.reduce(0, +) }
}
