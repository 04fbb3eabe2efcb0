package import Mail

/// What one FETCH response says of one message; nil for what it does not say.
package struct FetchResponse: Equatable, Sendable {
  package let sequenceNumber: UInt32
  package var uid: UID?
  /// Without `\Recent` and without unknown system flags. Nil also where there are more keywords than are kept.
  package var flags: FlagSet?
  /// Nil also where the server's date makes no sense.
  package var internalDate: InternalDate?
  /// RFC822.SIZE in octets: with some servers only a hint.
  package var size: Int?
  package var modSeq: ModSequence?
  /// OBJECTID's EMAILID (RFC 8474): equal means the same content.
  package var emailID: String?
  /// The value of a fetched Message-ID field, without white space, at most 512 octets of it.
  package var messageID: String?
  /// Octets of the BODY[] that was streamed before this came.
  package var bodySize: Int?
  /// BODY[] NIL: the message is gone; never an empty message.
  package var bodyWasNil = false

  package init(sequenceNumber: UInt32) { self.sequenceNumber = sequenceNumber }
}
