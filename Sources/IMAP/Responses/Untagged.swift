package import Mail

/// Data that a server sends, asked or unasked (RFC 9051 §7.2 to §7.5). It may come at any time.
package enum Untagged: Equatable, Sendable {
  case ok(ResponseText)
  case no(ResponseText)
  case bad(ResponseText)
  /// The server is about to close.
  case bye(ResponseText)
  /// Already in `Session.capabilities` when this comes.
  case capability(Capabilities)
  case enabled([Capability])
  case flags(FlagSet)
  case exists(Int)
  case recent(Int)
  /// By sequence number; never where QRESYNC is enabled.
  case expunge(UInt32)
  /// `isEarlier`: of the time before the SELECT or FETCH that asked. UIDs never known may be among them.
  case vanished(UIDSet, isEarlier: Bool)
  /// Comes after the body, where there is one.
  case fetch(FetchResponse)
  case list(ListResponse)
  case lsub(ListResponse)
  case status(MailboxName, StatusResponse)
  /// UIDs, because only UID SEARCH is ever sent.
  case search(UIDSet)
  case esearch(ESearchResponse)
  case namespace(NamespaceResponse)
  case id([IDField])
  /// A response that is not known here, by its name, printable.
  case other(String)
  /// A response that is known but not understood, by its name and a printable excerpt. Something was said and is
  /// lost: nothing may be concluded from what was asked for, nor from silence, until it is looked at again.
  case unreadable(name: String, excerpt: String)
}

/// The answer to SEARCH in the form of RFC 4731.
package struct ESearchResponse: Equatable, Sendable {
  /// The search that is answered; nil where the server does not say, or names none that is unanswered.
  package var command: CommandID?
  /// The UIDs of ALL; empty where nothing was found.
  package var all: UIDSet?
  package var count: Int?
  package var min: UID?
  package var max: UID?
  package var highestModSeq: ModSequence?

  package init() {}
}

/// One field of ID (RFC 2971).
package struct IDField: Equatable, Sendable {
  package let name: String
  /// Printable where it came from a server; nil for NIL.
  package let value: String?

  package init(name: String, value: String?) {
    self.name = name
    self.value = value
  }
}

/// The answer to NAMESPACE (RFC 2342); empty for NIL.
package struct NamespaceResponse: Equatable, Sendable {
  package var personal: [Namespace] = []
  package var otherUsers: [Namespace] = []
  package var shared: [Namespace] = []

  package init() {}

  package struct Namespace: Hashable, Sendable {
    package let prefix: MailboxName
    package let delimiter: UInt8?

    package init(prefix: MailboxName, delimiter: UInt8?) {
      self.prefix = prefix
      self.delimiter = delimiter
    }
  }
}
