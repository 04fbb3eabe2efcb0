/// How much a server may make a session hold (law L12). What goes beyond ends the session.
package struct SessionLimits: Sendable {
  /// Octets of one response with its literals, BODY[] not counted. The longest honest one is a SEARCH answer: a million
  /// UIDs of seven digits are 8 MB.
  package var responseLengthMax = 16 << 20

  /// Octets of one literal that is kept: a mailbox name, a header field. BODY[] is streamed and has no limit here.
  package var literalLengthMax = 1 << 20

  /// Parentheses within parentheses. BODYSTRUCTURE, which is never asked for, is the deepest there is.
  package var nestingDepthMax = 64

  /// Members of one list of names: flags, capabilities, LIST attributes. UID sets are bounded by their text.
  package var listCountMax = 4096

  /// Keywords of one message. Cyrus allows a mailbox 128, Dovecot a Maildir 26 in its files' names.
  package var keywordsMax = 512

  /// UIDs that one COPYUID may pair; martlet asks for a few thousand at most.
  package var copiedUIDsMax = 1 << 20

  /// Largest literal sent without waiting for the server, where LITERAL+ would allow any: what is larger may be refused
  /// (TOOBIG, OVERQUOTA) before its octets are sent for nothing.
  package var unaskedLiteralMax = 100 << 10

  /// Octets of a message that is believed to be one: a petabyte.
  package static let messageSizeMax = 1 << 50

  /// Octets of one capability's name; real ones have two dozen.
  package static let capabilityLengthMax = 255

  /// RFC 8474 §7: octets of an OBJECTID.
  package static let objectIDLengthMax = 255

  /// RFC 7888 §5: LITERAL- allows no more.
  package static let literalMinusMax = 4096

  package init() {}
}
