import Mail

/// SEARCH and UID SEARCH, as far as a synchronizer asks (RFC 9051 §6.4.4, RFC 4731).
extension ServerSession {
  private indirect enum Key {
    case all
    case flag(String, isSet: Bool)
    case uids(SequenceSet)
    case numbers(SequenceSet)
    case header(String, contains: [UInt8])
    case not(Key)
  }

  func search(_ scanner: inout CommandScanner, isUID: Bool) throws(BadCommand) -> String {
    var returned: [String]?
    var keys: [Key] = []
    while !scanner.isAtEnd {
      try scanner.space()
      let start = scanner
      if scanner.next.map({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: "*") }) == true {
        keys.append(.numbers(try scanner.set()))
        continue
      }
      switch try scanner.word() {
      case "RETURN" where keys.isEmpty && server.profile.has(.esearch):
        try scanner.space()
        returned = try scanner.words()
      case "CHARSET" where keys.isEmpty:
        try scanner.space()
        guard ["UTF-8", "US-ASCII"].contains(try scanner.text().uppercased()) else {
          return "NO [BADCHARSET (UTF-8)] Unknown charset"
        }
      default:
        scanner = start
        keys.append(try key(&scanner))
      }
    }
    guard !keys.isEmpty else { throw BadCommand("Nothing to search for") }
    return answer(keys, returned, isUID: isUID)
  }

  private func key(_ scanner: inout CommandScanner) throws(BadCommand) -> Key {
    switch try scanner.word() {
    case "ALL": return .all
    case "ANSWERED": return .flag("\\Answered", isSet: true)
    case "DELETED": return .flag("\\Deleted", isSet: true)
    case "DRAFT": return .flag("\\Draft", isSet: true)
    case "FLAGGED": return .flag("\\Flagged", isSet: true)
    case "SEEN": return .flag("\\Seen", isSet: true)
    case "UNANSWERED": return .flag("\\Answered", isSet: false)
    case "UNDELETED": return .flag("\\Deleted", isSet: false)
    case "UNDRAFT": return .flag("\\Draft", isSet: false)
    case "UNFLAGGED": return .flag("\\Flagged", isSet: false)
    case "UNSEEN": return .flag("\\Seen", isSet: false)
    case "KEYWORD":
      try scanner.space()
      return .flag(try scanner.text(), isSet: true)
    case "UNKEYWORD":
      try scanner.space()
      return .flag(try scanner.text(), isSet: false)
    case "UID":
      try scanner.space()
      return .uids(try scanner.set())
    case "NOT":
      try scanner.space()
      return .not(try key(&scanner))
    case "HEADER":
      try scanner.space()
      let name = try scanner.text().uppercased()
      try scanner.space()
      return .header(name, contains: Array(try scanner.string()))
    case let other: throw BadCommand("Unknown SEARCH key \(other)")
    }
  }

  private func answer(_ keys: [Key], _ returned: [String]?, isUID: Bool) -> String {
    guard let view else { return "NO No mailbox selected" }
    var matching = Array(view.entries.indices)
    for key in keys {
      let found = places(key, view)
      matching = matching.filter { found.contains($0) }
    }
    if case .flag("\\Deleted", isSet: true)? = keys.first, keys.count == 1 {
      view.mailbox.deletedWhenSearched = Set(matching.map { view.entries[$0].uid })
      view.mailbox.uidNextWhenSearched = view.mailbox.uidNext
    }
    let numbers = matching.map { isUID ? view.entries[$0].uid.rawValue : UInt32($0 + 1) }
    guard let returned else {
      say(numbers.isEmpty ? "* SEARCH" : "* SEARCH \(numbers.map(String.init).joined(separator: " "))")
      return "OK Search completed"
    }
    var line = "* ESEARCH (TAG \"\(tagInHand)\")\(isUID ? " UID" : "")"
    if let first = numbers.first, let last = numbers.last {
      if returned.contains("MIN") { line += " MIN \(first)" }
      if returned.contains("MAX") { line += " MAX \(last)" }
      if returned.contains("ALL") || returned.isEmpty { line += " ALL \(UIDSet(numbers.compactMap(UID.init)))" }
    }
    if returned.contains("COUNT") { line += " COUNT \(numbers.count)" }
    say(line)
    return "OK Search completed"
  }

  /// Messages that are gone and not yet told to be match nothing but their numbers; with Dovecot's order they match all
  /// for which nothing need be known of them.
  private func places(_ key: Key, _ view: MailboxView) -> Set<Int> {
    let showsGone = server.profile.answersBeforeNews
    func those(gone: Bool = false, _ isWanted: (ServerMessage) -> Bool) -> Set<Int> {
      Set(view.entries.indices.filter { view.mailbox.message(view.entries[$0].uid).map(isWanted) ?? gone })
    }
    switch key {
    case .all: return those(gone: showsGone) { _ in true }
    case .flag(let flag, let isSet):
      let folded = flag.lowercased()
      return those(gone: showsGone && !isSet) { $0.flags.contains { $0.lowercased() == folded } == isSet }
    case .uids(let set):
      let named = Set(view.places(set, isUID: true))
      return those(gone: showsGone) { _ in true }.intersection(named)
    case .numbers(let set): return Set(view.places(set, isUID: false))
    case .header(let name, let wanted):
      let folded = Self.folded(wanted)
      return those { message in
        MessageText.value(of: name, in: message.bytes).map { Self.folded($0).holds(folded) } ?? false
      }
    case .not(let key): return Set(view.entries.indices).subtracting(places(key, view))
    }
  }

  private static func folded(_ octets: [UInt8]) -> [UInt8] {
    octets.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
  }
}
