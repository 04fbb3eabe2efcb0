package import Mail

/// The values of one STATUS response; nil for what it does not say.
package struct StatusResponse: Equatable, Sendable {
  package var messages: Int?
  /// Nil also for the 0 that some servers say.
  package var uidNext: UID?
  package var uidValidity: UIDValidity?
  package var unseen: Int?
  package var deleted: Int?
  /// Octets of all messages (RFC 8438).
  package var size: Int?
  package var highestModSeq: ModSequence?
  package var mailboxID: String?
  package var appendLimit: Int?

  package init() {}
}
