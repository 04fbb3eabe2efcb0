import Mail

/// SELECT and EXAMINE, with CONDSTORE and QRESYNC (RFC 7162 §3.1.8, §3.2.5).
extension ServerSession {
  private struct Resync {
    let validity: UInt64
    let modSeq: UInt64
    let known: SequenceSet?
  }

  func select(_ scanner: inout CommandScanner, isReadOnly: Bool) throws(BadCommand) -> String {
    try scanner.space()
    let name = try mailboxName(&scanner)
    var resync: Resync?
    if !scanner.isAtEnd {
      try scanner.space()
      resync = try parameters(&scanner)
    }
    try scanner.end()
    // RFC 7162 §3.2.11.
    if view != nil, server.profile.has(.qresync) { say("* OK [CLOSED] Previous mailbox closed") }
    view = nil
    guard let box = server.mailbox(name), box.isSelectable else { return "NO [NONEXISTENT] No such mailbox" }
    let isReadOnly = isReadOnly || server.trouble.readOnly.contains(box.name)
    let view = MailboxView(
      box, isReadOnly: isReadOnly, isBlind: server.trouble.showsEmpty.contains(box.name))
    self.view = view
    sayState(of: view)
    if let resync, !view.isBlind { resynchronize(resync, view) }
    return "OK [\(isReadOnly ? "READ-ONLY" : "READ-WRITE")] \(isReadOnly ? "Examine" : "Select") completed"
  }

  private func parameters(_ scanner: inout CommandScanner) throws(BadCommand) -> Resync? {
    var resync: Resync?
    var asksForModSeqs = false
    try scanner.list { (scanner) throws(BadCommand) in
      switch try scanner.word() {
      case "CONDSTORE" where server.profile.has(.condStore): asksForModSeqs = true
      case "QRESYNC" where hasQResync:
        try scanner.space()
        resync = try Self.resync(&scanner)
      case let other: throw BadCommand("Unknown SELECT parameter \(other)")
      }
    }
    if asksForModSeqs { hasCondStore = true }
    return resync
  }

  /// UIDVALIDITY, modification sequence, known UIDs, and what numbers they had, which is not looked at.
  private static func resync(_ scanner: inout CommandScanner) throws(BadCommand) -> Resync {
    try scanner.expect("(")
    let validity = try scanner.number()
    try scanner.space()
    let modSeq = try scanner.number()
    // RFC 7162 §7: mod-sequence-value is not zero.
    guard modSeq > 0 else { throw BadCommand("Invalid modification sequence") }
    var known: SequenceSet?
    if scanner.consume(" "), scanner.next != UInt8(ascii: "(") {
      known = try scanner.set()
      _ = scanner.consume(" ")
    }
    if scanner.consume("(") {
      _ = try scanner.set()
      try scanner.space()
      _ = try scanner.set()
      try scanner.expect(")")
    }
    try scanner.expect(")")
    return Resync(validity: validity, modSeq: modSeq, known: known)
  }

  private func sayState(of view: MailboxView) {
    let box = view.mailbox
    let profile = server.profile
    let flags = (SystemFlags.names.map(\.name) + storableKeywords(box)).joined(separator: " ")
    let permanent = profile.keywords == .any ? flags + " \\*" : flags
    var lines = [
      "FLAGS (\(flags))", "\(view.entries.count) EXISTS", "0 RECENT",
      "OK [PERMANENTFLAGS (\(view.isReadOnly ? "" : permanent))] Limited",
      "OK [UIDVALIDITY \(box.uidValidity)] UIDs valid",
    ]
    if profile.tellsUIDNextInSelect { lines.append("OK [UIDNEXT \(box.uidNext)] Predicted next UID") }
    if profile.has(.condStore) {
      lines.append(
        server.trouble.hasNoModSeqs ? "OK [NOMODSEQ] None here" : "OK [HIGHESTMODSEQ \(box.highestModSeq)] Highest")
    }
    if isSurprised { lines.shuffle(using: &server.dice) }
    for line in lines { say("* \(line)") }
  }

  func storableKeywords(_ box: SimulatedMailbox) -> [String] {
    switch server.profile.keywords {
    case .any: box.keywords
    case .only(let keywords): keywords
    }
  }

  private func resynchronize(_ resync: Resync, _ view: MailboxView) {
    let box = view.mailbox
    guard resync.validity == UInt64(box.uidValidity), !server.trouble.hasNoModSeqs else { return }
    sayVanishedEarlier(than: resync.modSeq, among: resync.known)
    for (place, message) in box.messages.enumerated() where message.modSeq > resync.modSeq {
      guard Self.contains(resync.known, message.uid, highest: box.uidNext) else { continue }
      write([.uid, .flags, .modSeq], of: message, at: place)
    }
  }

  /// What was expunged since; where that is not remembered, each gap that there is (RFC 7162 §3.2.5.2).
  func sayVanishedEarlier(than modSeq: UInt64, among known: SequenceSet?) {
    guard let box = view?.mailbox else { return }
    var gone = UIDSet()
    if server.profile.remembersExpunges {
      for entry in box.expunged where entry.modSeq > modSeq { gone.insert(entry.uid) }
    } else {
      gone = Self.gaps(box)
    }
    if server.profile.answersBeforeNews, let view {
      // What the session still knows of is told as news, and not as of earlier.
      for entry in view.entries { gone.remove(entry.uid) }
    }
    if known != nil {
      gone = UIDSet(gone.filter { Self.contains(known, $0, highest: box.uidNext) })
    }
    if !gone.isEmpty { say("* VANISHED (EARLIER) \(gone)") }
  }

  private static func gaps(_ box: SimulatedMailbox) -> UIDSet {
    var gaps = UIDSet()
    var next = UID.first
    for message in box.messages {
      if next < message.uid, let last = UID(rawValue: message.uid.rawValue - 1) { gaps.insert(next...last) }
      next = message.uid.next ?? message.uid
    }
    if next < box.uidNext, let last = UID(rawValue: box.uidNext.rawValue - 1) { gaps.insert(next...last) }
    return gaps
  }

  private static func contains(_ set: SequenceSet?, _ uid: UID, highest: UID) -> Bool {
    guard let set else { return true }
    return set.resolved(highest: highest.rawValue).contains { $0.contains(uid.rawValue) }
  }
}
