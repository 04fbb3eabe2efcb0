import IMAP
import Mail

/// Which mailbox the server's words are about, while a SELECT is on its way.
///
/// The danger is the last words about the old mailbox being taken for the new one's: two mailboxes' UIDs would mix. What
/// comes after SELECT was sent is kept apart. It is the old one's where an older command is answered after it, or
/// `[CLOSED]` comes (RFC 7162 §3.2.11); what is left when SELECT is answered is the new one's. What is said of single
/// messages before `[CLOSED]` or a UIDVALIDITY is the old one's: a server may get rid of its last news there although
/// nothing else is to be answered.
struct Selection: Sendable {
  private struct Change: Sendable {
    let id: CommandID
    let name: MailboxName
    let isReadOnly: Bool
    var heard: [(Untagged, Bool)] = []
    var octets = 0
  }

  /// What a server may say before it answers a SELECT; more is not listened to (law L12).
  static let heardMax = 8_000_000
  /// The same in octets of names and of UIDs.
  static let octetsMax = 64 << 20

  private let limit: Int
  private(set) var current: MailboxState?
  /// SELECTs on their way, in the order in which they were sent and will be answered.
  private var changes: [Change] = []
  /// Mailboxes that are not selected any more and were left with news untold.
  private var left: [MailboxState] = []

  /// The SELECT that is answered next; nil where the selected mailbox is known.
  var nextChange: CommandID? { changes.first?.id }
  /// More was said than is listened to.
  private(set) var isFlooded = false
  /// True where the server has said, by `[CLOSED]` or by a UIDVALIDITY, that what comes now is the new mailbox's.
  private(set) var isOldClosed = false
  /// A SELECT was refused. No mailbox is selected then (RFC 9051 §6.3.2); but where something before the server proper
  /// refused it, the one before still is, and goes on telling of its messages.
  private var isOldOpenPerhaps = false

  init(heardMax: Int = Self.heardMax) { limit = heardMax }

  mutating func begin(_ name: MailboxName, readOnly: Bool, id: CommandID) {
    changes.append(Change(id: id, name: name, isReadOnly: readOnly))
  }

  mutating func hear(_ untagged: Untagged, isAsked: Bool) {
    guard !changes.isEmpty else {
      current?.hear(untagged, isAsked: isAsked)
      return
    }
    if isLastOfOld(untagged) {
      current?.hear(untagged, isAsked: isAsked)
      return
    }
    if case .ok(let text) = untagged, text.code == .closed {
      flushToOld()
      leaveOld()
      (isOldClosed, isOldOpenPerhaps) = (true, false)
      return
    }
    if case .ok(let text) = untagged, case .uidValidity? = text.code { isOldClosed = true }
    guard MailboxState.isConcerned(by: untagged) else { return }
    changes[0].octets += untagged.keptOctets
    guard changes[0].heard.count < limit, changes[0].octets <= Self.octetsMax else { return isFlooded = true }
    changes[0].heard.append((untagged, isAsked))
  }

  /// True for what is said of a message of the old mailbox while SELECT is on its way.
  func isLastOfOld(_ untagged: Untagged) -> Bool {
    guard !changes.isEmpty, current != nil || isOldOpenPerhaps, !isOldClosed else { return false }
    switch untagged {
    case .fetch, .expunge, .vanished(_, isEarlier: false): return true
    default: return false
    }
  }

  mutating func completed(_ id: CommandID, _ completion: Completion) {
    guard let change = changes.first else { return }
    guard change.id == id else {
      // An older command's answer: what came before it cannot be an answer to SELECT.
      flushToOld()
      return
    }
    changes.removeFirst()
    isOldClosed = false
    isOldOpenPerhaps = !completion.isOK && (current != nil || isOldOpenPerhaps)
    leaveOld()
    guard completion.isOK else { return }
    var mailbox = MailboxState(name: change.name, isReadOnly: change.isReadOnly)
    for (untagged, isAsked) in change.heard { mailbox.hear(untagged, isAsked: isAsked) }
    mailbox.opened(completion.code)
    current = mailbox
  }

  mutating func arrivalsAreAskedFor(from lowest: UID) { current?.arrivalsAreAskedFor(from: lowest) }

  mutating func takeNews() -> MailboxNews { current?.takeNews() ?? MailboxNews() }

  mutating func forgetTold(of uid: UID) { current?.forgetTold(of: uid) }

  mutating func forget(_ uids: UIDSet) { current?.forget(uids) }

  mutating func takeLeft() -> [MailboxState] {
    defer { left = [] }
    return left
  }

  private mutating func flushToOld() {
    guard !changes.isEmpty else { return }
    let heard = changes[0].heard
    changes[0].heard = []
    changes[0].octets = 0
    for (untagged, isAsked) in heard { current?.hear(untagged, isAsked: isAsked) }
  }

  private mutating func leaveOld() {
    if let current, !current.news.isEmpty { left.append(current) }
    current = nil
  }
}

extension Untagged {
  /// About what it takes to keep it, besides a little for each.
  fileprivate var keptOctets: Int {
    switch self {
    case .vanished(let uids, _): uids.ranges.count * MemoryLayout<ClosedRange<UID>>.size
    case .fetch(let response): (response.messageID?.utf8.count ?? 0) + (response.flags?.keywordOctets ?? 0)
    case .ok(let text), .no(let text): text.text.utf8.count + (text.code?.keywordOctets ?? 0)
    default: 0
    }
  }
}

extension ResponseCode {
  fileprivate var keywordOctets: Int {
    if case .permanentFlags(let flags) = self { flags.flags.keywordOctets } else { 0 }
  }
}
