import IMAP
import Mail
import Reconciliation

/// What a server shows of a mailbox's messages in answer to a look, and whether that was all of them.
struct MessageListing: Equatable, Sendable {
  /// A mailbox with more messages than this is not believed (law L12).
  static let messagesMax = 4_000_000
  /// So many more are kept than a mailbox has, for those that come and go meanwhile.
  static let surplusMax = 1_000
  /// Octets of Message-IDs and keywords that are kept.
  static let octetsMax = 256 << 20
  /// Ranges of messages that are told to be gone.
  static let vanishedMax = 1_000_000

  /// As shown, whether gone since or not: to look through them each time that some are gone would take all the time.
  private var told: [UID: Observation] = [:]
  private var toldWithoutFlags: Set<UID> = []
  private var toldRefused: [UID: String] = [:]
  private var gone = GrowingUIDSet()
  /// A response that could not be read, or a message that was named by number only.
  private(set) var isDisturbed = false
  /// More was shown than can be kept.
  private(set) var isFlooded = false
  /// Told for another reason than that it is the last: its flags changed.
  private var changed: Set<UID> = []
  /// Since the listing began.
  private var goneMeanwhile = GrowingUIDSet()

  /// The mailbox when the listing began.
  struct Baseline: Equatable, Sendable {
    let exists: Int
    /// What came later has this UID or a higher one; nil where that is not known.
    let uidNext: UID?
  }

  private var limit: Int
  private var existsMost = 0
  private var octets = 0

  init(messagesMax: Int = Self.messagesMax) { limit = messagesMax }

  var present: [UID: Observation] { gone.isEmpty ? told : told.filter { !gone.contains($0.key) } }

  /// Shown without flags although they were asked for: it has to be asked again.
  var flagless: Set<UID> { gone.isEmpty ? toldWithoutFlags : toldWithoutFlags.filter { !gone.contains($0) } }

  /// Of which the server refuses to say more; why.
  var refused: [UID: String] { gone.isEmpty ? toldRefused : toldRefused.filter { !gone.contains($0.key) } }

  /// Told to be gone, now or (EARLIER) since some time ago; UIDs never known may be among them.
  var vanished: UIDSet { gone.joined }

  /// The mailbox has so many messages, or had them while it was listed: who shows many more makes them up.
  mutating func expect(_ exists: Int) {
    existsMost = max(existsMost, exists)
    limit = min(Self.messagesMax, 2 * existsMost + Self.surplusMax)
  }

  /// RFC 2180 §4.1.2: the answer was not whole, for some of the messages were expunged meanwhile.
  mutating func disturb() { isDisturbed = true }

  /// True where it was data for the listing.
  mutating func take(_ untagged: Untagged) -> Bool {
    switch untagged {
    case .fetch(let response): return take(response)
    case .vanished(let uids, let isEarlier):
      vanish(uids, isEarlier: isEarlier)
      return true
    case .expunge, .unreadable:
      isDisturbed = true
      return false
    default: return false
    }
  }

  private mutating func vanish(_ uids: UIDSet, isEarlier: Bool) {
    guard gone.rangeCount + uids.ranges.count <= Self.vanishedMax else { return isFlooded = true }
    gone.formUnion(uids)
    if !isEarlier { goneMeanwhile.formUnion(uids) }
  }

  private var toldCount: Int { told.count + toldWithoutFlags.count + toldRefused.count }

  /// True where every message of the baseline was shown or is positively gone.
  func isComplete(since baseline: Baseline, existsNow: Int) -> Bool {
    guard !isDisturbed else { return false }
    guard let uidNext = baseline.uidNext else {
      return goneMeanwhile.isEmpty && shown.count == baseline.exists && existsNow == baseline.exists
    }
    let gone = goneMeanwhile.joined.count(below: uidNext)
    return shown.count { $0 < uidNext } == baseline.exists - gone
  }

  /// Those that were shown, with flags or without, and are there as far as was told.
  var shown: Set<UID> { Set(present.keys).union(flagless).union(refused.keys) }

  /// Those of which no more than the flags was told, from this UID on.
  func undescribed(from lowest: UID) -> UIDSet {
    UIDSet(present.filter { $0.key >= lowest && $0.value.traits == nil }.keys.sorted())
  }

  mutating func setAside(_ uid: UID, because reason: String) {
    told[uid] = nil
    toldWithoutFlags.remove(uid)
    toldRefused[uid] = reason
  }

  /// The messages with this UID or a higher one.
  func count(from uid: UID) -> Int { present.keys.count { $0 >= uid } }

  var highest: UID? { present.keys.max() }

  private mutating func take(_ response: FetchResponse) -> Bool {
    guard let uid = response.uid else {
      isDisturbed = true
      return false
    }
    guard !gone.contains(uid) else { return true }
    guard toldCount < limit || told[uid] != nil || toldWithoutFlags.contains(uid) else {
      isFlooded = true
      return true
    }
    octets += (response.messageID?.utf8.count ?? 0) + (response.flags?.keywordOctets ?? 0)
    guard octets <= Self.octetsMax else {
      isFlooded = true
      return true
    }
    let hasTraits = response.size != nil || response.internalDate != nil
    guard let flags = response.flags else {
      if told[uid] == nil { toldWithoutFlags.insert(uid) }
      return true
    }
    toldWithoutFlags.remove(uid)
    if !hasTraits { changed.insert(uid) }
    told[uid] = Observation(flags: flags, traits: hasTraits ? MessageTraits(response) : told[uid]?.traits)
    return true
  }

  /// `n:*` beyond the end shows the last message, which nobody asked for.
  mutating func dropUnasked(below uid: UID) {
    for shown in told.keys where shown < uid && !changed.contains(shown) { told[shown] = nil }
  }
}

extension FlagSet {
  /// What the names of its keywords take.
  var keywordOctets: Int { keywords.reduce(0) { $0 + $1.text.utf8.count } }
}

extension UIDSet {
  func count(below uid: UID) -> Int {
    ranges.reduce(0) { count, range in
      guard range.lowerBound < uid else { return count }
      let upper = Swift.min(range.upperBound.rawValue, uid.rawValue - 1)
      return count + Int(upper - range.lowerBound.rawValue) + 1
    }
  }
}
