/// What kind of server is simulated: its extensions and its habits. Each of them is legal; what is not is `ServerTrouble`.
package struct ServerProfile: Sendable, Hashable {
  package var extensions: ServerExtensions
  /// The hierarchy separator, printable ASCII.
  package var separator: UInt8 = UInt8(ascii: "/")
  /// Courier's `INBOX.`: all names but INBOX begin with it. Told by NAMESPACE alone.
  package var namespacePrefix = ""
  package var user = "user"
  package var password = "secret"
  /// Logged in by the greeting: tunnels.
  package var isPreauthenticated = false
  /// Announced and accepted (RFC 9051 §6.2.1).
  package var offersStartTLS = false
  /// Without it LOGIN is the only way in.
  package var offersAuthPlain = true
  /// CAPABILITY comes with the greeting and with the answer to the login; else it has to be asked for.
  package var tellsCapabilities = true
  /// Before login only what a login needs is announced.
  package var hidesCapabilitiesBeforeLogin = false
  /// Courier's SELECT tells no UIDNEXT.
  package var tellsUIDNextInSelect = true
  /// Unasked FLAGS carry the UID also without QRESYNC (RFC 7162 §3.2.4 wants it with).
  package var pushesUIDs = false
  /// Without it VANISHED (EARLIER) names every gap there is (RFC 7162 §3.2.5.2).
  package var remembersExpunges = true
  /// Dovecot's habit: commands that come in one write are carried out on what was known before the first of them, and
  /// what is new comes before their tagged answers, which may come behind those of later commands.
  package var answersBeforeNews = false
  /// Quirk, Dovecot 2.3.19: names in NOTIFY's lines are UTF-8.
  package var notifiesInUTF8 = false
  /// Events of NOTIFY that are refused with BADEVENT, in upper case: `MAILBOXNAME`.
  package var unknownNotifyEvents: Set<String> = []
  package var keywords = Keywords.any
  package var nul = NULHandling.replaced
  /// RFC 7889; nil: none is told, and none holds.
  package var appendLimit: Int?
  package var connectionsMax = 100
  /// Between a change and the push that tells of it: Dovecot waits 500 ms.
  package var pushDelay = Duration.zero
  /// Between a command and its answer.
  package var answerDelay = Duration.zero
  /// How often, of 100 occasions, the server does what is legal and rarely seen: see `ServerSession.surprise`.
  package var surprisePercent = 0

  package init(_ extensions: ServerExtensions = .everything) { self.extensions = extensions }

  /// What becomes of keywords that nobody has used before.
  package enum Keywords: Sendable, Hashable {
    /// PERMANENTFLAGS has `\*`.
    case any
    /// Others are silently not stored.
    case only([String])
  }

  /// What becomes of a message with a NUL in it.
  package enum NULHandling: Sendable, Hashable {
    case refused
    /// By 0x80, as Dovecot does.
    case replaced
  }

  func has(_ wanted: ServerExtensions) -> Bool { extensions.contains(wanted) }
}

/// What is announced, and works. A command of an extension that is not there is BAD.
package struct ServerExtensions: OptionSet, Sendable, Hashable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let idle = ServerExtensions(rawValue: 1 << 0)
  package static let notify = ServerExtensions(rawValue: 1 << 1)
  package static let condStore = ServerExtensions(rawValue: 1 << 2)
  package static let qresync = ServerExtensions(rawValue: 1 << 3)
  package static let enable = ServerExtensions(rawValue: 1 << 4)
  package static let uidPlus = ServerExtensions(rawValue: 1 << 5)
  package static let move = ServerExtensions(rawValue: 1 << 6)
  package static let literalPlus = ServerExtensions(rawValue: 1 << 7)
  package static let literalMinus = ServerExtensions(rawValue: 1 << 8)
  package static let listExtended = ServerExtensions(rawValue: 1 << 9)
  package static let listStatus = ServerExtensions(rawValue: 1 << 10)
  package static let specialUse = ServerExtensions(rawValue: 1 << 11)
  package static let namespace = ServerExtensions(rawValue: 1 << 12)
  package static let esearch = ServerExtensions(rawValue: 1 << 13)
  package static let saslIR = ServerExtensions(rawValue: 1 << 14)
  package static let unselect = ServerExtensions(rawValue: 1 << 15)
  package static let id = ServerExtensions(rawValue: 1 << 16)
  package static let statusSize = ServerExtensions(rawValue: 1 << 17)

  /// With the name of each, in the order in which they are announced.
  package static let names: [(extension: ServerExtensions, name: String)] = [
    (.saslIR, "SASL-IR"), (.literalPlus, "LITERAL+"), (.literalMinus, "LITERAL-"), (.id, "ID"), (.enable, "ENABLE"),
    (.idle, "IDLE"), (.namespace, "NAMESPACE"), (.uidPlus, "UIDPLUS"), (.unselect, "UNSELECT"),
    (.condStore, "CONDSTORE"), (.qresync, "QRESYNC"), (.esearch, "ESEARCH"), (.listExtended, "LIST-EXTENDED"),
    (.listStatus, "LIST-STATUS"), (.specialUse, "SPECIAL-USE"), (.statusSize, "STATUS=SIZE"), (.move, "MOVE"),
    (.notify, "NOTIFY"),
  ]

  /// All but LITERAL-, which LITERAL+ excludes (RFC 7888 §4).
  package static let everything = ServerExtensions(names.map(\.extension)).subtracting(.literalMinus)
  /// IMAP4rev1 alone.
  package static let none: ServerExtensions = []

  /// Without what is given, and without what cannot be without that: no QRESYNC without CONDSTORE and ENABLE, no
  /// LIST-STATUS without LIST-EXTENDED.
  package func without(_ missing: ServerExtensions) -> ServerExtensions {
    var left = subtracting(missing)
    if !left.contains(.condStore) || !left.contains(.enable) { left.remove(.qresync) }
    if !left.contains(.listExtended) { left.remove(.listStatus) }
    return left
  }
}
