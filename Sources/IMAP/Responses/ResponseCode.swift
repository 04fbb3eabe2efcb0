package import Mail

/// What a status response says to machines, in brackets before its text.
///
/// A code that is malformed, or where it is not legal, comes as `.other` with its name.
package enum ResponseCode: Equatable, Sendable {
  // RFC 9051 §7.1, RFC 3501
  case alert
  case badCharset
  case capability(Capabilities)
  case closed
  case parse
  case permanentFlags(PermanentFlags)
  case readOnly
  case readWrite
  case referral
  case tryCreate
  case uidNext(UID)
  case uidValidity(UIDValidity)
  case uidNotSticky
  case unseen
  // RFC 5530
  case alreadyExists
  case authenticationFailed
  case authorizationFailed
  case cannot
  case clientBug
  case contactAdmin
  case corruption
  case expired
  case expungeIssued
  case hasChildren
  case inUse
  case limit
  case nonExistent
  case noPermission
  case overQuota
  case privacyRequired
  case serverBug
  case unavailable
  // RFC 4315
  /// Where the message of this APPEND is now.
  case appendUID(UIDValidity, UID)
  case copyUID(CopiedUIDs)
  // RFC 7162
  /// Zero (`.none`) is said by some servers for an empty mailbox.
  case highestModSeq(ModSequence)
  case noModSeq
  /// The UIDs of a conditional UID STORE that had changed meanwhile.
  case modified(UIDSet)
  // RFC 5465, 7889, 8474, 9585, Gmail
  case badEvent
  case notificationOverflow
  case tooBig
  case mailboxID(String)
  case inProgress
  case throttled
  /// Any other, by its name in upper case, printable.
  case other(String)
}

/// The flags that STORE can make last (RFC 9051 §7.1).
package struct PermanentFlags: Hashable, Sendable {
  package let flags: FlagSet
  /// `\*`: other keywords may be created.
  package let takesNewKeywords: Bool

  package init(_ flags: FlagSet, takesNewKeywords: Bool) {
    self.flags = flags
    self.takesNewKeywords = takesNewKeywords
  }
}

/// Which message became which by a COPY or MOVE (RFC 4315 §3): the n-th of the sources, as they were written, became
/// the n-th of the destinations; sorting before pairing would give wrong pairs.
package struct CopiedUIDs: Hashable, Sendable {
  package let uidValidity: UIDValidity
  package let sources: [ClosedRange<UID>]
  package let destinations: [ClosedRange<UID>]
  /// How many are paired.
  package let count: Int

  /// Nil where both do not hold equally many UIDs, or more than `countMax`.
  package init?(
    uidValidity: UIDValidity, sources: [ClosedRange<UID>], destinations: [ClosedRange<UID>], countMax: Int
  ) {
    let count = Self.count(sources)
    guard count == Self.count(destinations), (1...countMax).contains(count) else { return nil }
    self.uidValidity = uidValidity
    self.count = count
    self.sources = sources
    self.destinations = destinations
  }

  /// Every pair, in the order said.
  package var pairs: [(source: UID, destination: UID)] {
    zip(sources.lazy.flatMap(Self.uids), destinations.lazy.flatMap(Self.uids)).map { ($0, $1) }
  }

  private static func count(_ ranges: [ClosedRange<UID>]) -> Int {
    ranges.reduce(0) { $0 + Int($1.upperBound.rawValue - $1.lowerBound.rawValue) + 1 }
  }

  private static func uids(of range: ClosedRange<UID>) -> some Sequence<UID> {
    (range.lowerBound.rawValue...range.upperBound.rawValue).lazy.compactMap { UID(rawValue: $0) }
  }
}
