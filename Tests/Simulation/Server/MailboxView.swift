import Mail
import Ports

/// A mailbox as one session knows it. Message numbers are places in `entries`, and change only by what is told.
struct MailboxView {
  struct Entry {
    let uid: UID
    /// The message's modification sequence when its flags were last told, or changed by the session itself.
    var told: UInt64
  }

  let mailbox: SimulatedMailbox
  /// As it was called when it was selected.
  let name: String
  let isReadOnly: Bool
  var entries: [Entry]
  /// The mailbox's `changeCount` when everything was told; -1 where something was held back.
  var seen: Int
  /// The mailbox's as of when everything was told: what STATUS of the selected mailbox answers (RFC 9051 §6.3.11).
  var uidNext: UID
  var highestModSeq: UInt64
  /// Selected while the mailbox seemed to be empty, and so till the next SELECT.
  let isBlind: Bool

  @Loop
  init(_ mailbox: SimulatedMailbox, isReadOnly: Bool, isBlind: Bool) {
    self.mailbox = mailbox
    name = mailbox.name
    self.isReadOnly = isReadOnly
    self.isBlind = isBlind
    entries = isBlind ? [] : mailbox.messages.map { Entry(uid: $0.uid, told: $0.modSeq) }
    seen = mailbox.changeCount
    uidNext = mailbox.uidNext
    highestModSeq = mailbox.highestModSeq
  }

  /// Places of the messages that a set names, ascending, each once.
  func places(_ set: SequenceSet, isUID: Bool) -> [Int] {
    guard let last = entries.last else { return [] }
    let highest = isUID ? last.uid.rawValue : UInt32(entries.count)
    var places: [Int] = []
    for range in set.resolved(highest: highest) {
      let low = isUID ? place(from: range.lowerBound) : Int(range.lowerBound) - 1
      var place = low
      while place < entries.count {
        let number = isUID ? entries[place].uid.rawValue : UInt32(place + 1)
        if number > range.upperBound { break }
        places.append(place)
        place += 1
      }
    }
    guard set.ranges.count > 1 else { return places }
    places.sort()
    var distinct: [Int] = []
    for place in places where distinct.last != place { distinct.append(place) }
    return distinct
  }

  /// Of the first entry with this UID or a higher one.
  private func place(from uid: UInt32) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].uid.rawValue < uid { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Bringing a session's view up to date, and saying so.
extension ServerSession {
  /// Tells what the mailbox has become. Without `allowsExpunge` messages that are gone stay in the view, and so in the
  /// count, until they may be told (RFC 9051 §7.5.1).
  func announce(allowsExpunge: Bool) {
    guard var view, !view.isBlind, view.seen != view.mailbox.changeCount else { return }
    self.view = nil
    let messages = view.mailbox.messages
    var gone: [Int] = []
    var index = 0
    for (place, entry) in view.entries.enumerated() {
      if index < messages.count, messages[index].uid == entry.uid { index += 1 } else { gone.append(place) }
    }
    if allowsExpunge, !gone.isEmpty {
      sayGone(gone, view.entries)
      var next = 0
      var place = -1
      view.entries.removeAll { _ in
        place += 1
        guard next < gone.count, gone[next] == place else { return false }
        next += 1
        return true
      }
      gone = []
    }
    let known = view.entries.count
    for message in messages[index...] { view.entries.append(.init(uid: message.uid, told: message.modSeq)) }
    view.seen = gone.isEmpty ? view.mailbox.changeCount : -1
    if gone.isEmpty { (view.uidNext, view.highestModSeq) = (view.mailbox.uidNext, view.mailbox.highestModSeq) }
    let changed = changedPlaces(&view, known, messages)
    self.view = view
    if view.entries.count > known { say("* \(view.entries.count) EXISTS") }
    for (place, message) in changed { sayFlags(place, message) }
    if view.entries.count > known { sayArrivals(messages[index...], from: known) }
  }

  private func changedPlaces(
    _ view: inout MailboxView, _ known: Int, _ messages: [ServerMessage]
  ) -> [(Int, ServerMessage)] {
    var changed: [(Int, ServerMessage)] = []
    var index = 0
    for place in 0..<known where index < messages.count && messages[index].uid == view.entries[place].uid {
      if messages[index].modSeq > view.entries[place].told {
        changed.append((place, messages[index]))
        view.entries[place].told = messages[index].modSeq
      }
      index += 1
    }
    return changed
  }

  /// `gone` are ascending places. RFC 7162 §3.2.10: after ENABLE QRESYNC never by number.
  private func sayGone(_ gone: [Int], _ entries: [MailboxView.Entry]) {
    if hasQResync {
      let uids = gone.map { entries[$0].uid }
      for piece in isSurprised ? UIDSet(uids).chunks(of: 1) : [UIDSet(uids)] { say("* VANISHED \(piece)") }
    } else if isSurprised {
      for place in gone.reversed() { say("* \(place + 1) EXPUNGE") }
    } else {
      for (before, place) in gone.enumerated() { say("* \(place + 1 - before) EXPUNGE") }
    }
  }

  /// Unasked. RFC 7162 §3.2.4: with UID and MODSEQ after ENABLE QRESYNC.
  func sayFlags(_ place: Int, _ message: ServerMessage) {
    var items: [FetchItem] = [.flags]
    if hasQResync || notify != nil || server.profile.pushesUIDs { items.insert(.uid, at: 0) }
    if tellsModSeqs { items.append(.modSeq) }
    write(items, of: message, at: place)
  }

  /// RFC 5465 §5.2: MessageNew in the selected mailbox.
  private func sayArrivals(_ arrived: ArraySlice<ServerMessage>, from known: Int) {
    if let items = notify?.arrivalItems {
      for (offset, message) in arrived.enumerated() { write(items, of: message, at: known + offset) }
    } else if isSurprised {
      for (offset, message) in arrived.enumerated() { sayFlags(known + offset, message) }
    }
  }

  /// RFC 7162 §3.1: from the first command that shows that the client knows of them.
  var tellsModSeqs: Bool { hasCondStore && !server.trouble.hasNoModSeqs }
}
