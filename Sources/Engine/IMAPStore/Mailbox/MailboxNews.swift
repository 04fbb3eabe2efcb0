import IMAP
import Mail
import Reconciliation

/// What a server said unasked of a mailbox, and nobody has acted on yet. Nothing of it may be lost.
struct MailboxNews: Equatable, Sendable {
  /// Beyond this, remembering costs more than looking.
  static let messagesMax = 20_000
  /// The same of the octets of their keywords and Message-IDs.
  static let octetsMax = 16 << 20

  /// Messages that were looked through for those that vanished.
  static let sweptMax = 1_000_000

  private var gone = GrowingUIDSet()
  private(set) var flags: [UID: FlagSet] = [:]
  /// New messages that were told with all that a look asks for (NOTIFY's MessageNew).
  private(set) var arrivals: [UID: Observation] = [:]
  /// Messages that came, told or not.
  private(set) var growth = 0
  /// Something was said that names no message: only a wide look tells.
  private(set) var isUncertain = false

  private var octets = 0
  private var swept = 0

  init() {}

  var vanished: UIDSet { gone.joined }

  var isEmpty: Bool { gone.isEmpty && flags.isEmpty && arrivals.isEmpty && growth == 0 && !isUncertain }

  /// True where it is the whole truth: nothing has to be asked.
  var isComplete: Bool { !isUncertain && growth <= arrivals.count }

  /// True where messages were marked \Deleted, and nothing else is told.
  var isMarkingDeletedOnly: Bool {
    !flags.isEmpty && flags.values.allSatisfy { $0.system.contains(.deleted) }
      && gone.isEmpty && arrivals.isEmpty && growth == 0 && !isUncertain
  }

  mutating func grow(by count: Int) { growth += count }

  mutating func becomeUncertain() { isUncertain = true }

  mutating func vanish(_ uids: UIDSet) {
    gone.formUnion(uids)
    let told = flags.count + arrivals.count
    swept += min(told, uids.count)
    guard gone.rangeCount <= Self.messagesMax, swept <= Self.sweptMax else { return self = .uncertain }
    if uids.count < told {
      for uid in uids { forgetTold(of: uid) }
    } else {
      _ = forgetTold(of: uids)
    }
  }

  mutating func take(_ response: FetchResponse) {
    guard let uid = response.uid, let flags = response.flags else {
      // Whose flags changed is known by number only, and numbers are not kept.
      if response.uid == nil { isUncertain = true }
      return
    }
    if response.size != nil {
      arrivals[uid] = Observation(flags: flags, traits: MessageTraits(response))
    } else {
      take(flags, of: uid)
    }
    octets += flags.keywordOctets + (response.messageID?.utf8.count ?? 0)
    if self.flags.count + arrivals.count > Self.messagesMax || octets > Self.octetsMax { self = .uncertain }
  }

  private mutating func take(_ flags: FlagSet, of uid: UID) {
    if arrivals[uid] != nil { arrivals[uid]?.flags = flags } else { self.flags[uid] = flags }
  }

  /// Something happened, and nothing of it can be used but that.
  static var uncertain: MailboxNews {
    var news = MailboxNews()
    news.isUncertain = true
    return news
  }

  /// Later news on top of these.
  mutating func merge(_ later: MailboxNews) {
    vanish(later.vanished)
    for (uid, flags) in later.flags { take(flags, of: uid) }
    arrivals.merge(later.arrivals) { _, new in new }
    growth += later.growth
    octets += later.octets
    if flags.count + arrivals.count > Self.messagesMax || octets > Self.octetsMax { self = .uncertain }
    isUncertain = isUncertain || later.isUncertain
  }

  /// A look has told of these messages meanwhile. True where there was something to forget.
  mutating func forgetTold(of uids: UIDSet) -> Bool {
    let told = flags.keys.filter(uids.contains) + arrivals.keys.filter(uids.contains)
    for uid in told { forgetTold(of: uid) }
    return !told.isEmpty
  }

  /// Somebody has been told of this message: of its flags, and that it came.
  mutating func forgetTold(of uid: UID) {
    flags[uid] = nil
    if arrivals.removeValue(forKey: uid) != nil { growth = max(0, growth - 1) }
  }

  /// Taken away by ourselves: neither that, nor what was heard of them before, is news any more. `uids` are few; those
  /// heard may be a range of any length.
  mutating func forget(_ uids: UIDSet) {
    for uid in uids {
      forgetTold(of: uid)
      gone.remove(uid)
    }
  }
}

extension MessageTraits {
  init(_ response: FetchResponse) {
    self.init(wireSize: response.size, date: response.internalDate, messageID: response.messageID)
  }
}
