import Mail
import Ports

/// COPY, MOVE and APPEND.
extension ServerSession {
  private struct Target {
    let set: SequenceSet
    let name: String
  }

  private func target(_ scanner: inout CommandScanner) throws(BadCommand) -> Target {
    try scanner.space()
    let set = try scanner.set()
    try scanner.space()
    let name = try mailboxName(&scanner)
    try scanner.end()
    return Target(set: set, name: name)
  }

  func copy(_ scanner: inout CommandScanner, isUID: Bool) throws(BadCommand) -> String {
    let target = try target(&scanner)
    guard let view else { return "NO No mailbox selected" }
    guard let box = server.mailbox(target.name), box.isSelectable else { return "NO [TRYCREATE] No such mailbox" }
    guard !server.trouble.isOverQuota else { return "NO [OVERQUOTA] Quota exceeded" }
    let places = view.places(target.set, isUID: isUID)
    let messages = places.compactMap { view.mailbox.message(view.entries[$0].uid) }
    let code = transfer(messages, to: box, .copy)
    if messages.count < places.count, messages.isEmpty { return "NO [EXPUNGEISSUED] The messages are gone" }
    return code.map { "OK [\($0)] Copy completed" } ?? "OK Copy completed"
  }

  /// RFC 6851 §4.3: COPYUID comes in an untagged OK before the messages vanish; Gmail has it in the tagged one.
  func move(_ scanner: inout CommandScanner, isUID: Bool) throws(BadCommand) -> String {
    let target = try target(&scanner)
    guard let view else { return "NO No mailbox selected" }
    guard !view.isReadOnly else { return "NO [READ-ONLY] Mailbox is read-only" }
    if server.trouble.keepsAll.contains(view.mailbox.name) { return "NO [NOPERM] Nobody expunges here" }
    guard let box = server.mailbox(target.name), box.isSelectable else { return "NO [TRYCREATE] No such mailbox" }
    guard !server.trouble.isOverQuota else { return "NO [OVERQUOTA] Quota exceeded" }
    let messages = view.places(target.set, isUID: isUID)
      .compactMap { view.mailbox.message(view.entries[$0].uid) }
    let code = transfer(messages, to: box, .move)
    let isInTagged = isSurprised
    if let code, !isInTagged { say("* OK [\(code)] Moved UIDs.") }
    remove(messages, from: view.mailbox, .move)
    guard let code, isInTagged else { return "OK Move completed" }
    return "OK [\(code)] Move completed"
  }

  /// The code that tells where they are now; nil where that is not told.
  private func transfer(
    _ messages: [ServerMessage], to box: SimulatedMailbox, _ way: ServerRecord.Arrival.Way
  ) -> String? {
    guard !messages.isEmpty else { return nil }
    var copies: [UID] = []
    for message in messages {
      let uid = box.append(
        message.bytes, storable(message.flags, box), message.internalDate, markedByOthers: message.isMarkedByOthers)
      copies.append(uid)
      server.record.arrivals.append(
        .init(session: number, way: way, mailbox: box.name, uid: uid, bytes: message.bytes))
    }
    server.record.changes += 1
    server.tell(.messages(box))
    guard server.profile.has(.uidPlus) else { return nil }
    return "COPYUID \(box.uidValidity) \(UIDSet(messages.map(\.uid))) \(UIDSet(copies))"
  }

  // MARK: APPEND

  func append(_ scanner: inout CommandScanner) throws(BadCommand) -> String {
    try scanner.space()
    let name = try mailboxName(&scanner)
    try scanner.space()
    var flags: Set<String> = []
    if scanner.next == UInt8(ascii: "(") {
      flags = try scanner.flags()
      try scanner.space()
    }
    var date = InternalDate(secondsSince1970: server.clock.wallTime.seconds)
    if scanner.next == UInt8(ascii: "\"") {
      guard let read = ServerDate.read(try scanner.text()) else { throw BadCommand("Invalid date") }
      date = read
      try scanner.space()
    }
    var bytes = Array(try scanner.literal())
    try scanner.end()
    if let refusal = appendRefusal(to: name, bytes.count) { return refusal }
    if let words = server.trouble.refusesStoring, bytes.holds(words) { return "NO [CANNOT] This message is not taken" }
    if bytes.contains(0) {
      guard server.profile.nul == .replaced else { return "NO [CANNOT] NUL in message" }
      bytes = bytes.map { $0 == 0 ? 0x80 : $0 }
    }
    guard let box = server.mailbox(name) else { return "NO [TRYCREATE] No such mailbox" }
    let uid = box.append(bytes, storable(flags, box), date, markedByOthers: false)
    server.record.arrivals.append(
      .init(session: number, way: .append, mailbox: box.name, uid: uid, bytes: bytes))
    server.record.changes += 1
    server.tell(.messages(box))
    guard server.profile.has(.uidPlus) else { return "OK Append completed" }
    return "OK [APPENDUID \(box.uidValidity) \(uid)] Append completed"
  }

  private func appendRefusal(to name: String, _ size: Int) -> String? {
    guard let box = server.mailbox(name), box.isSelectable else { return "NO [TRYCREATE] No such mailbox" }
    if let limit = server.profile.appendLimit, size > limit { return "NO [TOOBIG] Too big" }
    return server.trouble.isOverQuota ? "NO [OVERQUOTA] Quota exceeded" : nil
  }

  /// Why a literal that waits for `+` is not wanted: the tagged answer. RFC 7888 §1: so its octets need not be sent.
  func appendRefusal(_ command: [UInt8], _ size: Int) -> String? {
    var scanner = CommandScanner(Array(command.dropLast(2)))
    do throws(BadCommand) {
      let tag = String(decoding: try scanner.atom(), as: UTF8.self)
      try scanner.space()
      guard try scanner.word() == "APPEND", isLoggedIn else { return nil }
      try scanner.space()
      let name = try mailboxName(&scanner)
      return appendRefusal(to: name, size).map { "\(tag) \($0)" }
    } catch {
      // The name is a literal itself, or all of it is wrong, which the whole command will tell.
      return nil
    }
  }
}
