import IMAP
import Mail
import Reconciliation

/// What the store knows of one folder between operations.
struct FolderMemory: Equatable, Sendable {
  let mailbox: MailboxName
  /// As of the last wide look in this session; nil before one: then no narrow look can be built on anything.
  var known: MailboxCheckpoint?
  /// As `folders()` told it, before the first wide look.
  var listed: MailboxCheckpoint?
  /// The numbering under which the engine speaks of messages.
  var validity: UIDValidity?
  /// What STORE can make last there.
  var capacity: PermanentFlags?
  /// Heard unasked, from whichever connection, since the last look.
  var news = MailboxNews()
  /// STATUS told of a change; which, only a wide look says.
  var isHinted = false
  /// Changes were told by narrow looks: `known` is behind, and a difference to it is no missed push.
  var isAhead = false
  /// What STATUS said when it last told of a change. Where a server's SELECT says less than its STATUS, the two differ
  /// for ever, and that is no news.
  var toldStatus: StatusResponse?
  /// How often push has told of it.
  var pushes = 0
  /// Sizes and dates told by the last look, for planning the download that follows; a hint only.
  private(set) var traits: [UID: MessageTraits] = [:]
  /// New messages have this UID or a higher one, as far as looks have told; at or above `known.uidNext`.
  var newFrom: UID?

  /// Beyond this, planning goes by number of messages.
  static let traitsMax = 50_000

  init(mailbox: MailboxName, validity: UIDValidity? = nil) {
    self.mailbox = mailbox
    self.validity = validity
  }

  /// What a state told by STATUS is compared with.
  var expected: MailboxCheckpoint? { known ?? listed }

  mutating func remember(_ look: Look) {
    traits = [:]
    guard look.present.count <= Self.traitsMax else { return }
    for (key, observation) in look.present {
      if let uid = key.uid, let told = observation.traits { traits[uid] = told }
    }
  }

  /// True where STATUS says something else than what is known; what it does not say is no difference.
  func differs(from status: StatusResponse) -> Bool {
    guard status != toldStatus else { return false }
    guard let expected else { return true }
    func differs<Value: Equatable>(_ told: Value?, _ known: Value?) -> Bool {
      guard let told, let known else { return false }
      return told != known
    }
    return differs(status.messages, expected.messageCount)
      || differs(status.uidNext, expected.uidNext)
      || differs(status.uidValidity, expected.uidValidity)
      || (expected.highestModSeq > .none && differs(status.highestModSeq, expected.highestModSeq))
  }

  /// True where a narrow look has something to be built on.
  var isAnchored: Bool { known != nil }

  /// Another numbering: what was told of messages means nothing any more.
  mutating func forgetMessages() {
    news = MailboxNews()
    traits = [:]
  }

  /// Nothing was heard for a while, and nobody knows how long: what was known is only where to look from.
  mutating func connectionsWereLost() {
    known = nil
    listed = nil
    news = MailboxNews()
    isHinted = false
    isAhead = false
    toldStatus = nil
  }
}

extension StatusResponse {
  /// Nil where the server told too little to compare.
  var checkpoint: MailboxCheckpoint? {
    guard let uidValidity, uidValidity.rawValue != 0, let messages else { return nil }
    return MailboxCheckpoint(
      uidValidity: uidValidity, uidNext: uidNext, highestModSeq: highestModSeq ?? .none, messageCount: messages)
  }
}
