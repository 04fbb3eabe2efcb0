import IMAP
import Mail
import Reconciliation

/// A selected mailbox as the server has told of it, and what was heard of it that nobody has acted on.
struct MailboxState: Equatable, Sendable {
  let name: MailboxName
  private(set) var isReadOnly: Bool
  /// Nil where the server does not tell, or says 0: then its UIDs promise nothing.
  private(set) var uidValidity: UIDValidity?
  private(set) var uidNext: UID?
  /// From HIGHESTMODSEQ codes only (RFC 7162 §3.1.2.1).
  private(set) var highestModSeq = ModSequence.none
  private(set) var permanentFlags: PermanentFlags?
  private(set) var exists = 0
  /// How it stood when SELECT was answered: what a checkpoint may say.
  private(set) var atSelect: Snapshot?
  private(set) var news = MailboxNews()
  /// EXPUNGEs by number since SELECT: then a listing may have shown messages that are gone.
  private(set) var expunged = 0
  /// The highest UID that was shown, or was there at SELECT: the server's view here goes at least so far.
  private(set) var highest: UID?
  /// By how much EXISTS has grown since arrivals were last asked for, and from which UID on they were.
  private var growth = 0
  private var arrivedFrom: UID?

  struct Snapshot: Equatable, Sendable {
    let uidNext: UID?
    let highestModSeq: ModSequence
    let exists: Int
  }

  init(name: MailboxName, isReadOnly: Bool) {
    self.name = name
    self.isReadOnly = isReadOnly
  }

  /// What STORE can make last. RFC 9051 §7.1: all of them, where the server does not say.
  var flagCapacity: PermanentFlags { permanentFlags ?? PermanentFlags(FlagSet(.all), takesNewKeywords: true) }

  /// SELECT was answered OK.
  mutating func opened(_ code: ResponseCode?) {
    if code == .readOnly { isReadOnly = true }
    if code == .readWrite { isReadOnly = false }
    if let code { note(code) }
    atSelect = Snapshot(uidNext: uidNext, highestModSeq: highestModSeq, exists: exists)
    news = MailboxNews()
    expunged = 0
    growth = 0
    arrivedFrom = nil
    highest = uidNext.flatMap { UID(rawValue: $0.rawValue - 1) }
  }

  /// True where the server's view here, which may lag behind what another connection was told, holds what is wanted.
  func shows(_ wanted: WantedView) -> Bool {
    switch wanted {
    case .latest: false
    case .known(let uids): reaches(uids)
    case .arrived(let uids): reaches(uids) && cameLast(uids)
    case .arrivals(let count): count > 0 && growth >= count
    }
  }

  private func reaches(_ uids: UIDSet) -> Bool {
    guard let last = uids.ranges.last, let highest else { return false }
    return last.upperBound <= highest
  }

  private func cameLast(_ uids: UIDSet) -> Bool {
    guard let first = uids.ranges.first, let arrivedFrom else { return false }
    return first.lowerBound >= arrivedFrom
  }

  mutating func arrivalsAreAskedFor(from lowest: UID) {
    growth = 0
    arrivedFrom = lowest
  }

  /// `isAsked` where a command in flight took it: then it is no news.
  /// False for what says nothing of a mailbox's state.
  static func isConcerned(by untagged: Untagged) -> Bool {
    switch untagged {
    case .exists, .expunge, .vanished, .fetch, .unreadable: true
    case .ok(let text), .no(let text): text.code != nil
    case .bad, .bye, .capability, .enabled, .flags, .recent, .list, .lsub, .status, .search, .esearch, .namespace, .id,
      .other:
      false
    }
  }

  mutating func hear(_ untagged: Untagged, isAsked: Bool = false) {
    switch untagged {
    case .exists(let count):
      if count > exists {
        news.grow(by: count - exists)
        growth += count - exists
      }
      if count < exists { news.becomeUncertain() }
      exists = count
    case .expunge:
      exists = max(0, exists - 1)
      expunged += 1
      if !isAsked { news.becomeUncertain() }
    case .vanished(let uids, let isEarlier):
      if !isEarlier { exists = max(0, exists - uids.count) }
      guard !isAsked else { return }
      news.vanish(uids)
      // A server may say so of a mailbox that somebody removed or renamed (Cyrus does): SELECT tells (law L8).
      if !isEarlier, exists == 0 { news.becomeUncertain() }
    case .fetch(let response):
      if let uid = response.uid { highest = highest.map { max($0, uid) } ?? uid }
      if !isAsked { news.take(response) }
    case .ok(let text), .no(let text): if let code = text.code { note(code) }
    case .unreadable: news.becomeUncertain()
    case .bad, .bye, .capability, .enabled, .flags, .recent, .list, .lsub, .status, .search, .esearch, .namespace, .id,
      .other:
      break
    }
  }

  mutating func takeNews() -> MailboxNews {
    defer { news = MailboxNews() }
    return news
  }

  mutating func forgetTold(of uid: UID) { news.forgetTold(of: uid) }

  mutating func forget(_ uids: UIDSet) { news.forget(uids) }

  private mutating func note(_ code: ResponseCode) {
    switch code {
    case .uidValidity(let validity): uidValidity = validity.rawValue == 0 ? nil : validity
    case .uidNext(let uid): uidNext = uid
    case .highestModSeq(let modSeq): highestModSeq = modSeq
    case .noModSeq: highestModSeq = .none
    case .permanentFlags(let flags): permanentFlags = flags
    default: return
    }
  }
}

/// How much of a mailbox a connection has to see for a piece of work.
enum WantedView {
  /// All that the server knows, and nothing that is gone.
  case latest
  /// These, if they are still there; it does no harm where they are gone.
  case known(UIDSet)
  /// These, as what came last.
  case arrived(UIDSet)
  /// So many that were told to have come.
  case arrivals(Int)
}
