package import Mail
package import Ports

/// A message in a simulated server.
package struct ServerMessage: Sendable {
  package let uid: UID
  /// As it was stored: with CRLF, if it came so.
  package let bytes: [UInt8]
  /// `\Seen` and keywords, each keyword in the spelling in which the mailbox first met it.
  package internal(set) var flags: Set<String>
  package let internalDate: InternalDate
  package internal(set) var modSeq: UInt64
  /// True where somebody else than a session set its \Deleted.
  package internal(set) var isMarkedByOthers = false

  /// In an order that is the same in every run.
  package var sortedFlags: [String] { flags.sorted() }
}

/// A mailbox of a simulated server: what is true, whatever sessions have been told of it.
@Loop
package final class SimulatedMailbox {
  /// As on the wire.
  package internal(set) var name: String
  package internal(set) var uidValidity: UInt32
  package internal(set) var uidNext: UID = 1
  package internal(set) var highestModSeq: UInt64
  /// What `uidNext` was when STATUS last told how many messages there are.
  var uidNextWhenCounted: UID = 1
  /// What the last SEARCH for it has found to be marked \Deleted.
  var deletedWhenSearched: Set<UID> = []
  /// What `uidNext` was then.
  var uidNextWhenSearched: UID = 1
  /// Ascending.
  package internal(set) var messages: [ServerMessage] = []
  package internal(set) var isSubscribed = false
  /// False for a name that only holds others: what DELETE leaves of a mailbox with children.
  package internal(set) var isSelectable = true
  /// SPECIAL-USE, such as `\Sent`.
  package var roles: [String] = []
  /// Ascending by modification sequence.
  private(set) var expunged: [(uid: UID, modSeq: UInt64)] = []
  /// How often anything in it changed: what a session's view is compared with.
  private(set) var changeCount = 0
  /// Where the modification sequences began last.
  private var beginning: UInt64
  private var spellings: [String: String] = [:]

  init(name: String, uidValidity: UInt32, firstModSeq: UInt64) {
    self.name = name
    self.uidValidity = uidValidity
    (highestModSeq, beginning) = (firstModSeq, firstModSeq)
  }

  package func message(_ uid: UID) -> ServerMessage? { index(of: uid).map { messages[$0] } }

  func index(of uid: UID) -> Int? {
    let index = indexOfFirst(from: uid)
    return index < messages.count && messages[index].uid == uid ? index : nil
  }

  /// Of the first message with this UID or a higher one.
  func indexOfFirst(from uid: UID) -> Int {
    var low = 0
    var high = messages.count
    while low < high {
      let middle = (low + high) / 2
      if messages[middle].uid < uid { low = middle + 1 } else { high = middle }
    }
    return low
  }

  func append(_ bytes: [UInt8], _ flags: Set<String>, _ date: InternalDate, markedByOthers: Bool) -> UID {
    let uid = uidNext
    guard let next = uid.next else { preconditionFailure("no simulation lives through four billion messages") }
    uidNext = next
    var message = ServerMessage(
      uid: uid, bytes: bytes, flags: spelled(flags), internalDate: date, modSeq: advance())
    message.isMarkedByOthers = markedByOthers && message.flags.contains("\\Deleted")
    messages.append(message)
    return uid
  }

  /// False where nothing changed: then there is no new modification sequence either.
  func setFlags(_ flags: Set<String>, at index: Int, byOthers: Bool) -> Bool {
    let flags = spelled(flags)
    let old = messages[index].flags
    guard flags != old else { return false }
    if flags.contains("\\Deleted") != old.contains("\\Deleted") {
      messages[index].isMarkedByOthers = byOthers && flags.contains("\\Deleted")
    }
    messages[index].flags = flags
    messages[index].modSeq = advance()
    return true
  }

  func remove(_ uids: Set<UID>) {
    guard !uids.isEmpty else { return }
    let modSeq = advance()
    for message in messages where uids.contains(message.uid) { expunged.append((message.uid, modSeq)) }
    messages.removeAll { uids.contains($0.uid) }
  }

  /// All UIDs are new, and so is the numbering.
  func renumber(_ validity: UInt32) {
    uidValidity = validity
    let old = messages
    messages = []
    expunged = []
    uidNext = 1
    for message in old {
      let uid = append(message.bytes, message.flags, message.internalDate, markedByOthers: false)
      if let index = index(of: uid) { messages[index].isMarkedByOthers = message.isMarkedByOthers }
    }
  }

  /// A backup was put back: modification sequences begin again, and nobody remembers what was expunged.
  ///
  /// Each time they begin far below. That they come up to a client's checkpoint before it asks again is rare where
  /// thousands were counted, and the rule where it is five; with no new message there nobody could tell then, by any word
  /// of the protocol, that it is not a mailbox in which little or nothing happened.
  func forgetHistory() {
    beginning = max(1, beginning / 10)
    highestModSeq = beginning
    expunged = []
    for index in messages.indices { messages[index].modSeq = advance() }
  }

  /// Keywords are the same in any case (RFC 9051 §2.3.2); a mailbox shows them as it first met them.
  func spelled(_ flags: Set<String>) -> Set<String> {
    guard flags.contains(where: { !$0.hasPrefix("\\") }) else { return flags }
    var result: Set<String> = []
    for flag in flags.sorted() {
      guard !flag.hasPrefix("\\") else {
        result.insert(flag)
        continue
      }
      let folded = flag.lowercased()
      if spellings[folded] == nil { spellings[folded] = flag }
      result.insert(spellings[folded] ?? flag)
    }
    return result
  }

  var keywords: [String] { spellings.values.sorted() }

  private func advance() -> UInt64 {
    changeCount += 1
    highestModSeq += 1
    return highestModSeq
  }
}
