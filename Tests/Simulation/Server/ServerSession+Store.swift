import Mail
import Ports

/// STORE and EXPUNGE.
extension ServerSession {
  private enum Action { case set, add, remove }

  private struct Change {
    var action = Action.set
    var isSilent = false
    var unchangedSince: UInt64?
    var flags: Set<String> = []
  }

  func store(_ scanner: inout CommandScanner, isUID: Bool) throws(BadCommand) -> String {
    try scanner.space()
    let set = try scanner.set()
    try scanner.space()
    let change = try change(&scanner)
    guard let view else { return "NO No mailbox selected" }
    guard !view.isReadOnly else { return "NO [READ-ONLY] Mailbox is read-only" }
    var modified: [UInt32] = []
    var isGone = false
    var isChanged = false
    for place in view.places(set, isUID: isUID) {
      let uid = view.entries[place].uid
      guard let index = view.mailbox.index(of: uid) else {
        isGone = true
        continue
      }
      if let limit = change.unchangedSince, view.mailbox.messages[index].modSeq > limit {
        modified.append(isUID ? uid.rawValue : UInt32(place + 1))
        continue
      }
      if store(change, at: place, index, isUID: isUID) { isChanged = true }
    }
    if isChanged {
      server.record.changes += 1
      server.tell(.flags(view.mailbox))
    }
    if !modified.isEmpty { return "OK [MODIFIED \(UIDSet(modified.compactMap(UID.init)))] Conditional STORE failed" }
    if isGone { return "\(isSurprised ? "NO" : "OK") [EXPUNGEISSUED] Some messages were already expunged" }
    return "OK Store completed"
  }

  private func change(_ scanner: inout CommandScanner) throws(BadCommand) -> Change {
    var change = Change()
    if scanner.next == UInt8(ascii: "(") {
      var limit: UInt64?
      try scanner.list { (scanner) throws(BadCommand) in
        guard try scanner.word() == "UNCHANGEDSINCE", server.profile.has(.condStore) else {
          throw BadCommand("Unknown STORE modifier")
        }
        try scanner.space()
        limit = try scanner.number()
      }
      change.unchangedSince = limit
      hasCondStore = true
      try scanner.space()
    }
    var item = try scanner.word()
    if item.hasPrefix("+") { change.action = .add }
    if item.hasPrefix("-") { change.action = .remove }
    if change.action != .set { item.removeFirst() }
    guard item == "FLAGS" || item == "FLAGS.SILENT" else { throw BadCommand("Unknown STORE item \(item)") }
    change.isSilent = item == "FLAGS.SILENT"
    try scanner.space()
    change.flags = try scanner.flags()
    try scanner.end()
    return change
  }

  private func store(_ change: Change, at place: Int, _ index: Int, isUID: Bool) -> Bool {
    guard let box = view?.mailbox else { return false }
    let old = box.messages[index].flags
    let wanted = box.spelled(change.flags)
    let flags: Set<String> =
      switch change.action {
      case .set: wanted
      case .add: old.union(wanted)
      case .remove: old.subtracting(wanted)
      }
    let isChanged = self.change(flags, at: place, index)
    var items: [FetchItem] = isUID || hasQResync ? [.uid] : []
    if !change.isSilent { items.append(.flags) }
    // RFC 7162 §3.1.3: a silent one tells the new modification sequence all the same.
    if tellsModSeqs, isChanged || !change.isSilent { items.append(.modSeq) }
    if !change.isSilent || (tellsModSeqs && isChanged) { write(items, of: box.messages[index], at: place) }
    if !change.isSilent { view?.entries[place].told = box.messages[index].modSeq }
    return isChanged
  }

  // MARK: EXPUNGE

  func expunge(_ scanner: inout CommandScanner, isUID: Bool) throws(BadCommand) -> String {
    var set: SequenceSet?
    if isUID {
      // RFC 4315 §2.1.
      guard server.profile.has(.uidPlus) else { throw BadCommand("Unknown command") }
      try scanner.space()
      set = try scanner.set()
    }
    try scanner.end()
    guard view?.isReadOnly == false else { return "NO [READ-ONLY] Mailbox is read-only" }
    if let view, server.trouble.keepsAll.contains(view.mailbox.name) { return "NO [NOPERM] Nobody expunges here" }
    expungeDeleted(set, isUID ? .uidExpunge : .expunge)
    return "OK Expunge completed"
  }

  /// Those with \Deleted that the session knows of, of `set` where it is given. What it is told of it, it is told by
  /// `announce`.
  func expungeDeleted(_ set: SequenceSet?, _ way: ServerRecord.Expunge.Way) {
    guard let view else { return }
    let places = set.map { view.places($0, isUID: true) } ?? Array(view.entries.indices)
    let marked = places.compactMap { view.mailbox.message(view.entries[$0].uid) }
      .filter { $0.flags.contains("\\Deleted") }
    remove(marked, from: view.mailbox, way)
  }

  func remove(_ messages: [ServerMessage], from box: SimulatedMailbox, _ way: ServerRecord.Expunge.Way) {
    guard !messages.isEmpty else { return }
    server.record(messages, from: box, way, by: self)
    box.remove(Set(messages.map(\.uid)))
    server.record.changes += 1
    server.tell(.messages(box))
  }
}
