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

  private(set) var present: [UID: Observation] = [:]
  /// Told to be gone, now or (EARLIER) since some time ago; UIDs never known may be among them.
  private(set) var vanished = UIDSet()
  /// Shown without flags although they were asked for: it has to be asked again.
  private(set) var flagless: Set<UID> = []
  /// Of which the server refuses to say more; why.
  private(set) var refused: [UID: String] = [:]
  /// A response that could not be read, or a message that was named by number only.
  private(set) var isDisturbed = false
  /// More was shown than can be kept.
  private(set) var isFlooded = false
  /// Told for another reason than that it is the last: its flags changed.
  private var changed: Set<UID> = []
  /// Since the listing began.
  private var vanishedMeanwhile = UIDSet()

  /// The mailbox when the listing began.
  struct Baseline: Equatable, Sendable {
    let exists: Int
    /// What came later has this UID or a higher one; nil where that is not known.
    let uidNext: UID?
  }

  private var limit: Int
  private var octets = 0

  init(messagesMax: Int = Self.messagesMax) { limit = messagesMax }

  /// The mailbox has so many messages: who shows many more makes them up.
  mutating func expect(_ exists: Int) { limit = min(Self.messagesMax, 2 * exists + Self.surplusMax) }

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
    guard vanished.ranges.count + uids.ranges.count <= Self.vanishedMax else { return isFlooded = true }
    vanished.formUnion(uids)
    if !isEarlier { vanishedMeanwhile.formUnion(uids) }
    // Told one by one, of many.
    if uids.count < shownCount {
      for uid in uids {
        present[uid] = nil
        flagless.remove(uid)
        refused[uid] = nil
      }
    } else {
      refused = refused.filter { !uids.contains($0.key) }
      present = present.filter { !uids.contains($0.key) }
      flagless = flagless.filter { !uids.contains($0) }
    }
  }

  private var shownCount: Int { present.count + flagless.count + refused.count }

  /// True where every message of the baseline was shown or is positively gone.
  func isComplete(since baseline: Baseline, existsNow: Int) -> Bool {
    guard !isDisturbed else { return false }
    guard let uidNext = baseline.uidNext else {
      return vanishedMeanwhile.isEmpty && shown.count == baseline.exists && existsNow == baseline.exists
    }
    let gone = vanishedMeanwhile.count(below: uidNext)
    return shown.count { $0 < uidNext } == baseline.exists - gone
  }

  /// Those that were shown, with flags or without, and are there as far as was told.
  var shown: Set<UID> { Set(present.keys).union(flagless).union(refused.keys) }

  /// Those of which no more than the flags was told, from this UID on.
  func undescribed(from lowest: UID) -> UIDSet {
    UIDSet(present.filter { $0.key >= lowest && $0.value.traits == nil }.keys.sorted())
  }

  mutating func setAside(_ uid: UID, because reason: String) {
    // Told to be gone meanwhile.
    guard !vanished.contains(uid) else { return }
    present[uid] = nil
    flagless.remove(uid)
    refused[uid] = reason
  }

  /// The messages with this UID or a higher one.
  func count(from uid: UID) -> Int { present.keys.count { $0 >= uid } }

  var highest: UID? { present.keys.max() }

  private mutating func take(_ response: FetchResponse) -> Bool {
    guard let uid = response.uid else {
      isDisturbed = true
      return false
    }
    guard !vanished.contains(uid) else { return true }
    guard shownCount < limit || present[uid] != nil || flagless.contains(uid) else {
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
      if present[uid] == nil { flagless.insert(uid) }
      return true
    }
    flagless.remove(uid)
    if !hasTraits { changed.insert(uid) }
    present[uid] = Observation(flags: flags, traits: hasTraits ? MessageTraits(response) : present[uid]?.traits)
    return true
  }

  /// `n:*` beyond the end shows the last message, which nobody asked for.
  mutating func dropUnasked(below uid: UID) {
    for shown in present.keys where shown < uid && !changed.contains(shown) { present[shown] = nil }
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
