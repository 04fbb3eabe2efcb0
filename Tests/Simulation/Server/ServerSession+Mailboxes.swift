import Mail

/// CREATE and its like, STATUS, LIST.
extension ServerSession {
  func mailboxName(_ scanner: inout CommandScanner) throws(BadCommand) -> String {
    server.canonical(try scanner.text())
  }

  func changeMailbox(_ verb: ServerVerb, _ scanner: inout CommandScanner) throws(BadCommand) -> String {
    try scanner.space()
    let name = try mailboxName(&scanner)
    try scanner.end()
    let refusal: String?
    switch verb {
    case .create:
      refusal = server.create(name)
      if refusal == nil { server.tell(.created(name)) }
    case .delete: refusal = server.delete(name, by: self)
    default: refusal = subscribe(name, verb == .subscribe)
    }
    if let refusal { return "NO \(refusal)" }
    server.record.changes += 1
    return "OK \(verb.rawValue) completed"
  }

  /// What is not there has no subscription here, and unsubscribing from it is fine.
  private func subscribe(_ name: String, _ isSubscribed: Bool) -> String? {
    guard let box = server.mailbox(name) else { return isSubscribed ? "[NONEXISTENT] No such mailbox" : nil }
    guard box.isSubscribed != isSubscribed else { return nil }
    box.isSubscribed = isSubscribed
    server.tell(.subscribed(name, isSubscribed))
    return nil
  }

  func renameMailbox(_ scanner: inout CommandScanner) throws(BadCommand) -> String {
    try scanner.space()
    let name = try mailboxName(&scanner)
    try scanner.space()
    let target = try mailboxName(&scanner)
    try scanner.end()
    if let refusal = server.rename(name, to: target) { return "NO \(refusal)" }
    server.record.changes += 1
    return "OK RENAME completed"
  }

  // MARK: STATUS

  func status(_ scanner: inout CommandScanner) throws(BadCommand) -> String {
    try scanner.space()
    let name = try mailboxName(&scanner)
    try scanner.space()
    let items = try statusItems(&scanner)
    try scanner.end()
    guard let box = server.mailbox(name), box.isSelectable else { return "NO [NONEXISTENT] No such mailbox" }
    sayStatus(of: box, items)
    if items.contains("MESSAGES") { box.uidNextWhenCounted = box.uidNext }
    return "OK STATUS completed"
  }

  func statusItems(_ scanner: inout CommandScanner) throws(BadCommand) -> [String] {
    let items = try scanner.words()
    for item in items {
      switch item {
      case "MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "RECENT": continue
      case "HIGHESTMODSEQ" where server.profile.has(.condStore): hasCondStore = true
      case "SIZE" where server.profile.has(.statusSize): continue
      default: throw BadCommand("Unknown STATUS item \(item)")
      }
    }
    return items
  }

  /// Of the selected mailbox it says what the session has been told, as Dovecot does.
  func sayStatus(of box: SimulatedMailbox, _ items: [String], name: String? = nil) {
    let view = view?.mailbox === box ? view : nil
    let isEmpty = server.trouble.showsEmpty.contains(box.name)
    let messages = isEmpty ? [] : box.messages
    let values = items.map { item in
      switch item {
      case "MESSAGES": "MESSAGES \(isEmpty ? 0 : view?.entries.count ?? messages.count)"
      case "UIDNEXT": "UIDNEXT \(view?.uidNext ?? box.uidNext)"
      case "UIDVALIDITY": "UIDVALIDITY \(box.uidValidity)"
      case "UNSEEN": "UNSEEN \(messages.count { !$0.flags.contains("\\Seen") })"
      case "HIGHESTMODSEQ":
        "HIGHESTMODSEQ \(server.trouble.hasNoModSeqs ? 0 : view?.highestModSeq ?? box.highestModSeq)"
      case "SIZE": "SIZE \(messages.reduce(0) { $0 + $1.bytes.count })"
      default: "RECENT 0"
      }
    }
    out.say("* STATUS ")
    out.sayString((name ?? box.name).utf8)
    say(" (\(values.joined(separator: " ")))")
  }

  // MARK: LIST

  private struct Options {
    var selectsSubscribed = false
    var returnsSubscribed = false
    var status: [String]?
  }

  func list(_ scanner: inout CommandScanner) throws(BadCommand) -> String {
    let isExtended = server.profile.has(.listExtended)
    var options = Options()
    try scanner.space()
    if isExtended, scanner.next == UInt8(ascii: "(") {
      options.selectsSubscribed = try scanner.words().contains("SUBSCRIBED")
      try scanner.space()
    }
    let reference = try scanner.text()
    try scanner.space()
    var patterns: [String] = []
    if isExtended, scanner.next == UInt8(ascii: "(") {
      try scanner.list { (scanner) throws(BadCommand) in patterns.append(try scanner.text()) }
    } else {
      patterns = [try scanner.text()]
    }
    if isExtended, !scanner.isAtEnd { try returnOptions(&scanner, &options) }
    try scanner.end()
    if patterns == [""] {
      say("* LIST (\\Noselect) \(quotedSeparator) \"\"")
    } else if !server.trouble.listsNothing {
      sayNames("LIST", patterns.map { reference + $0 }, options)
    }
    return "OK LIST completed"
  }

  private func returnOptions(_ scanner: inout CommandScanner, _ options: inout Options) throws(BadCommand) {
    try scanner.space()
    guard try scanner.word() == "RETURN" else { throw BadCommand("Expected RETURN") }
    try scanner.space()
    var found = options
    try scanner.list { (scanner) throws(BadCommand) in
      switch try scanner.word() {
      case "SUBSCRIBED": found.returnsSubscribed = true
      case "CHILDREN": return
      case "SPECIAL-USE" where server.profile.has(.specialUse): return
      case "STATUS" where server.profile.has(.listStatus):
        try scanner.space()
        found.status = try statusItems(&scanner)
      case let other: throw BadCommand("Unknown LIST return option \(other)")
      }
    }
    options = found
  }

  func lsub(_ scanner: inout CommandScanner) throws(BadCommand) -> String {
    try scanner.space()
    let reference = try scanner.text()
    try scanner.space()
    let pattern = try scanner.text()
    try scanner.end()
    if !server.trouble.listsNothing {
      sayNames("LSUB", [reference + pattern], Options(selectsSubscribed: true))
    }
    return "OK LSUB completed"
  }

  private func sayNames(_ word: String, _ patterns: [String], _ options: Options) {
    let patterns = patterns.map { Array($0.utf8) }
    let separator = server.profile.separator
    func matches(_ name: String) -> Bool {
      let name = Array(name.utf8)[...]
      return patterns.contains { Self.matches(name, $0[...], separator) }
    }
    var names: [(name: String, box: SimulatedMailbox?)] = server.mailboxes.map { ($0.name, $0) }
    if !options.selectsSubscribed { names += impliedParents(names.map(\.name)).map { ($0, nil) } }
    names = names.filter { matches($0.name) && (!options.selectsSubscribed || $0.box?.isSubscribed == true) }
    names.sort { $0.name < $1.name }
    if isSurprised { names.shuffle(using: &server.dice) }
    for (name, box) in names {
      sayName(word, name, box, options.returnsSubscribed)
      guard let items = options.status, let box, box.isSelectable else { continue }
      // RFC 5819 §2: a STATUS may be missing where the server could not have it.
      if !isSurprised { sayStatus(of: box, items) }
    }
  }

  /// Names that only hold others, because somebody made `a/b` alone.
  private func impliedParents(_ names: [String]) -> [String] {
    let there = Set(names)
    var parents: Set<String> = []
    for name in names {
      let octets = Array(name.utf8)
      for (index, octet) in octets.enumerated() where octet == server.profile.separator {
        let parent = String(decoding: octets[..<index], as: UTF8.self)
        if !there.contains(parent) { parents.insert(parent) }
      }
    }
    return parents.sorted()
  }

  private func sayName(_ word: String, _ name: String, _ box: SimulatedMailbox?, _ tellsSubscribed: Bool) {
    var attributes: [String] = []
    let hasChildren = !server.children(of: name).isEmpty
    if box?.isSelectable != true { attributes.append("\\Noselect") }
    attributes.append(hasChildren ? "\\HasChildren" : "\\HasNoChildren")
    if tellsSubscribed, box?.isSubscribed == true { attributes.append("\\Subscribed") }
    if server.profile.has(.specialUse), word == "LIST" { attributes += box?.roles ?? [] }
    out.say("* \(word) (\(attributes.joined(separator: " "))) \(quotedSeparator) ")
    out.sayString(name.utf8)
    out.sayLineEnd()
  }

  var quotedSeparator: String {
    let separator = String(UnicodeScalar(server.profile.separator))
    return separator == "\\" || separator == "\"" ? "\"\\\(separator)\"" : "\"\(separator)\""
  }

  /// RFC 9051 §6.3.9: `*` is anything, `%` anything on one level.
  private static func matches(_ name: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>, _ separator: UInt8) -> Bool {
    guard let first = pattern.first else { return name.isEmpty }
    guard first == UInt8(ascii: "*") || first == UInt8(ascii: "%") else {
      return name.first == first && matches(name.dropFirst(), pattern.dropFirst(), separator)
    }
    var rest = name
    while true {
      if matches(rest, pattern.dropFirst(), separator) { return true }
      guard let octet = rest.first, first == UInt8(ascii: "*") || octet != separator else { return false }
      rest = rest.dropFirst()
    }
  }
}
