/// What FETCH is to tell. UID comes with every UID FETCH, asked or not.
package struct FetchItems: OptionSet, Hashable, Sendable {
  package let rawValue: UInt16
  package init(rawValue: UInt16) { self.rawValue = rawValue }

  package static let uid = FetchItems(rawValue: 1 << 0)
  package static let flags = FetchItems(rawValue: 1 << 1)
  package static let internalDate = FetchItems(rawValue: 1 << 2)
  package static let size = FetchItems(rawValue: 1 << 3)
  /// Needs CONDSTORE.
  package static let modSeq = FetchItems(rawValue: 1 << 4)
  /// Needs OBJECTID.
  package static let emailID = FetchItems(rawValue: 1 << 5)
  /// The Message-ID field alone.
  package static let messageID = FetchItems(rawValue: 1 << 6)
  /// The whole message, without setting \Seen.
  package static let body = FetchItems(rawValue: 1 << 7)
  /// ENVELOPE, of which the Message-ID is read; longer than `messageID`.
  package static let envelope = FetchItems(rawValue: 1 << 8)

  /// As in a command.
  var words: [String] {
    let all: [(item: FetchItems, word: String)] = [
      (.uid, "UID"), (.flags, "FLAGS"), (.internalDate, "INTERNALDATE"), (.size, "RFC822.SIZE"), (.modSeq, "MODSEQ"),
      (.emailID, "EMAILID"), (.messageID, "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"), (.envelope, "ENVELOPE"),
      (.body, "BODY.PEEK[]"),
    ]
    return all.filter { contains($0.item) }.map(\.word)
  }
}

/// What STATUS, alone or within LIST, is to tell.
package struct StatusItems: OptionSet, Hashable, Sendable {
  package let rawValue: UInt16
  package init(rawValue: UInt16) { self.rawValue = rawValue }

  package static let messages = StatusItems(rawValue: 1 << 0)
  package static let uidNext = StatusItems(rawValue: 1 << 1)
  package static let uidValidity = StatusItems(rawValue: 1 << 2)
  package static let unseen = StatusItems(rawValue: 1 << 3)
  /// Needs CONDSTORE.
  package static let highestModSeq = StatusItems(rawValue: 1 << 4)
  /// Needs STATUS=SIZE.
  package static let size = StatusItems(rawValue: 1 << 5)
  /// Needs OBJECTID.
  package static let mailboxID = StatusItems(rawValue: 1 << 6)
  /// Needs APPENDLIMIT.
  package static let appendLimit = StatusItems(rawValue: 1 << 7)

  /// As in a command.
  var words: [String] {
    let all: [(item: StatusItems, word: String)] = [
      (.messages, "MESSAGES"), (.uidNext, "UIDNEXT"), (.uidValidity, "UIDVALIDITY"), (.unseen, "UNSEEN"),
      (.highestModSeq, "HIGHESTMODSEQ"), (.size, "SIZE"), (.mailboxID, "MAILBOXID"), (.appendLimit, "APPENDLIMIT"),
    ]
    return all.filter { contains($0.item) }.map(\.word)
  }
}

/// What LIST is to tell besides names. Not empty: needs LIST-EXTENDED, and the capability of each.
package struct ListOptions: Hashable, Sendable {
  /// Needs SPECIAL-USE.
  package var specialUse: Bool
  package var subscribed: Bool
  /// A STATUS line for each mailbox that has one; needs LIST-STATUS.
  package var status: StatusItems

  package init(specialUse: Bool = false, subscribed: Bool = false, status: StatusItems = []) {
    self.specialUse = specialUse
    self.subscribed = subscribed
    self.status = status
  }

  /// An ordinary LIST, as every server knows it.
  package static let none = ListOptions()
}
