/// One word of a CAPABILITY answer, in upper case.
package struct Capability: Hashable, Sendable, CustomStringConvertible {
  package let name: String
  package init(_ name: String) { self.name = name.uppercased() }
  package var description: String { name }

  package static let imap4rev1 = Capability("IMAP4REV1")
  package static let imap4rev2 = Capability("IMAP4REV2")
  package static let startTLS = Capability("STARTTLS")
  package static let loginDisabled = Capability("LOGINDISABLED")
  package static let authPlain = Capability("AUTH=PLAIN")
  package static let saslIR = Capability("SASL-IR")
  package static let literalPlus = Capability("LITERAL+")
  package static let literalMinus = Capability("LITERAL-")
  package static let id = Capability("ID")
  package static let idle = Capability("IDLE")
  package static let enable = Capability("ENABLE")
  package static let namespace = Capability("NAMESPACE")
  package static let uidPlus = Capability("UIDPLUS")
  package static let move = Capability("MOVE")
  package static let unselect = Capability("UNSELECT")
  package static let condStore = Capability("CONDSTORE")
  package static let qresync = Capability("QRESYNC")
  package static let esearch = Capability("ESEARCH")
  package static let listExtended = Capability("LIST-EXTENDED")
  package static let listStatus = Capability("LIST-STATUS")
  package static let specialUse = Capability("SPECIAL-USE")
  package static let statusSize = Capability("STATUS=SIZE")
  package static let notify = Capability("NOTIFY")
  package static let objectID = Capability("OBJECTID")
  package static let utf8Accept = Capability("UTF8=ACCEPT")

  /// RFC 9051 Appendix E: what IMAP4rev2 has without saying so.
  static let builtIntoRev2: Set<Capability> = [
    .namespace, .unselect, .uidPlus, .esearch, .enable, .idle, .saslIR, .listExtended, .listStatus, .move,
    .literalMinus, .specialUse, .statusSize,
  ]
}

/// What a server says it can do. Capabilities that were not told are not there; `isKnown` says whether any were.
package struct Capabilities: Equatable, Sendable {
  /// The words as told, without what is implied.
  package private(set) var told: Set<Capability> = []
  /// False before the server has told, and again when it must be asked anew (after TLS, after login).
  package private(set) var isKnown = false
  /// Octets that APPEND takes at most (RFC 7889); nil where none is told for the whole server.
  package private(set) var appendLimit: Int?

  package init() {}

  package init(_ told: some Sequence<Capability>) {
    self.told = Set(told)
    isKnown = true
    for capability in self.told where capability.name.hasPrefix("APPENDLIMIT=") {
      appendLimit = Int(capability.name.dropFirst("APPENDLIMIT=".count))
    }
  }

  /// True where told or implied: QRESYNC implies CONDSTORE (RFC 7162 §3.2.3), IMAP4rev2 all that is built into it.
  package func contains(_ capability: Capability) -> Bool {
    if told.contains(capability) { return true }
    if capability == .condStore { return told.contains(.qresync) }
    return told.contains(.imap4rev2) && Capability.builtIntoRev2.contains(capability)
  }

  /// True where names are UTF-8 instead of modified UTF-7: a server that speaks only IMAP4rev2.
  package var usesUTF8Names: Bool { told.contains(.imap4rev2) && !told.contains(.imap4rev1) }
}
