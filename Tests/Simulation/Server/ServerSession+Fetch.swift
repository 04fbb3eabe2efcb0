import Mail

/// FETCH and UID FETCH.
extension ServerSession {
  private struct Request {
    var items: [FetchItem]
    var changedSince: UInt64?
    var tellsVanished = false
  }

  func fetch(_ scanner: inout CommandScanner, isUID: Bool) throws(BadCommand) -> String {
    try scanner.space()
    let set = try scanner.set()
    try scanner.space()
    var request = Request(items: try scanner.fetchItems())
    if scanner.consume(" ") { try modifiers(&scanner, &request, isUID: isUID) }
    try scanner.end()
    if request.items.contains(.modSeq) {
      guard server.profile.has(.condStore) else { throw BadCommand("Unknown FETCH item MODSEQ") }
      hasCondStore = true
    }
    if isUID, !request.items.contains(.uid) { request.items.insert(.uid, at: 0) }
    if request.changedSince != nil, !request.items.contains(.modSeq) { request.items.append(.modSeq) }
    if request.tellsVanished, let since = request.changedSince { sayVanishedEarlier(than: since, among: set) }
    return tell(request, set, isUID: isUID)
  }

  /// RFC 7162 §3.1.4, §3.2.6.
  private func modifiers(
    _ scanner: inout CommandScanner, _ request: inout Request, isUID: Bool
  ) throws(BadCommand) {
    var since: UInt64?
    var tellsVanished = false
    try scanner.list { (scanner) throws(BadCommand) in
      switch try scanner.word() {
      case "CHANGEDSINCE" where server.profile.has(.condStore):
        try scanner.space()
        since = try scanner.number()
      case "VANISHED" where hasQResync && isUID: tellsVanished = true
      case let other: throw BadCommand("Unknown FETCH modifier \(other)")
      }
    }
    guard let since, since > 0 else { throw BadCommand("Invalid CHANGEDSINCE") }
    hasCondStore = true
    request.changedSince = since
    request.tellsVanished = tellsVanished
  }

  private func tell(_ request: Request, _ set: SequenceSet, isUID: Bool) -> String {
    guard let view else { return "NO No mailbox selected" }
    var places = view.places(set, isUID: isUID)
    if isSurprised { places.shuffle(using: &server.dice) }
    var isRefused = false
    var isGone = false
    for place in places {
      let uid = view.entries[place].uid
      guard let index = view.mailbox.index(of: uid) else {
        isGone = true
        sayGone(uid, at: place, request.items)
        continue
      }
      let message = view.mailbox.messages[index]
      if let since = request.changedSince, message.modSeq <= since { continue }
      if request.items.contains(where: \.isWhole) {
        if let words = server.trouble.refusesReading, message.bytes.holds(words) {
          isRefused = true
          continue
        }
        server.record.bodies.append(.init(session: number, mailbox: view.mailbox.name, uid: uid))
      }
      show(request.items, at: place, index)
    }
    if isRefused { return "NO [UNAVAILABLE] A message cannot be read" }
    // Some servers say it with NO (RFC 2180 §4.1.2, RFC 5530 §3).
    if isGone { return "\(isSurprised ? "NO" : "OK") [EXPUNGEISSUED] Some messages were already expunged" }
    return "OK Fetch completed"
  }

  /// Dovecot says NIL of a body that went meanwhile; others leave the message out.
  private func sayGone(_ uid: UID, at place: Int, _ items: [FetchItem]) {
    guard items.contains(where: \.isWhole), !isSurprised else { return }
    say("* \(place + 1) FETCH (UID \(uid) BODY[] NIL)")
  }

  private func show(_ items: [FetchItem], at place: Int, _ index: Int) {
    guard let box = view?.mailbox else { return }
    var items = items
    if items.contains(where: \.setsSeen), view?.isReadOnly == false {
      let flags = box.messages[index].flags.union(["\\Seen"])
      if change(flags, at: place, index), !items.contains(.flags) { items.append(.flags) }
    }
    // RFC 7162 §3.2.4: flags that were told have their modification sequence with them.
    if hasQResync, items.contains(.flags), !items.contains(.modSeq) { items.append(.modSeq) }
    if items.contains(.flags) { view?.entries[place].told = box.messages[index].modSeq }
    if isSurprised { items.shuffle(using: &server.dice) }
    write(items, of: box.messages[index], at: place)
  }

  /// Sets a message's flags for this session; true where that changed them.
  func change(_ flags: Set<String>, at place: Int, _ index: Int) -> Bool {
    guard let box = view?.mailbox, let told = view?.entries[place].told else { return false }
    let wasTold = told >= box.messages[index].modSeq
    let storable = storable(flags, box, has: box.messages[index].flags)
    guard box.setFlags(storable, at: index, byOthers: false) else { return false }
    // What others changed before is still to be told.
    if wasTold { view?.entries[place].told = box.messages[index].modSeq }
    return true
  }

  /// Without the keywords that cannot be stored here, where the message has them not already.
  func storable(_ flags: Set<String>, _ box: SimulatedMailbox, has old: Set<String> = []) -> Set<String> {
    guard case .only(let keywords) = server.profile.keywords else { return flags }
    let folded = Set(keywords.map { $0.lowercased() })
    return flags.filter { $0.hasPrefix("\\") || old.contains($0) || folded.contains($0.lowercased()) }
  }

  // MARK: Writing

  func write(_ items: [FetchItem], of message: ServerMessage, at place: Int) {
    out.say("* \(place + 1) FETCH (")
    var isFirst = true
    for item in items {
      if item == .modSeq, server.trouble.hasNoModSeqs { continue }
      if !isFirst { out.append(0x20) }
      isFirst = false
      write(item, of: message)
    }
    out.append(UInt8(ascii: ")"))
    out.sayLineEnd()
  }

  private func write(_ item: FetchItem, of message: ServerMessage) {
    switch item {
    case .uid: out.say("UID \(message.uid)")
    case .flags: out.say("FLAGS (\(message.sortedFlags.joined(separator: " ")))")
    case .internalDate: out.say("INTERNALDATE \"\(ServerDate.text(message.internalDate))\"")
    case .size: out.say("RFC822.SIZE \(message.bytes.count)")
    case .modSeq: out.say("MODSEQ (\(message.modSeq))")
    case .envelope: writeEnvelope(of: message.bytes)
    case .body(let section, _, let part): write(section, part, of: message.bytes)
    }
  }

  private func write(_ section: FetchItem.Section, _ part: Range<Int>?, of message: [UInt8]) {
    let name: String
    var octets: ArraySlice<UInt8>
    switch section {
    case .whole: (name, octets) = ("", message[...])
    case .header: (name, octets) = ("HEADER", message[..<MessageText.bodyStart(message)])
    case .text: (name, octets) = ("TEXT", message[MessageText.bodyStart(message)...])
    case .fields(let fields):
      (name, octets) = (
        "HEADER.FIELDS (\(fields.joined(separator: " ")))", MessageText.fields(fields, of: message)[...]
      )
    }
    out.say("BODY[\(name)]")
    if let part {
      out.say("<\(part.lowerBound)>")
      octets = octets.dropFirst(part.lowerBound).prefix(part.count)
    }
    out.append(0x20)
    out.sayLiteral(octets)
  }

  /// Without addresses: those are nothing to a synchronizer.
  private func writeEnvelope(of message: [UInt8]) {
    out.say("ENVELOPE (")
    writeValue(of: "DATE", in: message)
    out.append(0x20)
    writeValue(of: "SUBJECT", in: message)
    out.say(" NIL NIL NIL NIL NIL NIL ")
    writeValue(of: "IN-REPLY-TO", in: message)
    out.append(0x20)
    writeValue(of: "MESSAGE-ID", in: message)
    out.append(UInt8(ascii: ")"))
  }

  private func writeValue(of field: String, in message: [UInt8]) {
    if let value = MessageText.value(of: field, in: message) { out.sayString(value) } else { out.say("NIL") }
  }
}

extension [UInt8] {
  func holds(_ words: [UInt8]) -> Bool { words.isEmpty || firstRange(of: words) != nil }
}
