import IMAP
import Mail

/// What a session asked NOTIFY for (RFC 5465).
struct NotifyRequestState {
  /// With which items a new message of the selected mailbox is told.
  var arrivalItems: [FetchItem] = [.uid, .flags]
  var tellsMessages = false
  var tellsFlags = false
  var tellsNames = false
  var tellsSubscriptions = false
}

/// What NOTIFY still has to tell of mailboxes that are not selected.
struct MailboxesNews {
  /// LIST lines, in the order in which things happened.
  var names: [ServerEvent] = []
  /// By name: true where messages came or went, false where only flags changed.
  var states: [String: Bool] = [:]

  var isEmpty: Bool { names.isEmpty && states.isEmpty }
}

extension ServerSession {
  func notify(_ scanner: inout CommandScanner) throws(BadCommand) -> String {
    try scanner.space()
    switch try scanner.word() {
    case "NONE":
      try scanner.end()
      notify = nil
      news = MailboxesNews()
      return "OK NOTIFY completed"
    case "SET": break
    case let other: throw BadCommand("Unknown NOTIFY argument \(other)")
    }
    var state = NotifyRequestState()
    var tellsStatus = false
    var unknown: [String] = []
    while !scanner.isAtEnd {
      try scanner.space()
      if scanner.next == UInt8(ascii: "(") {
        try group(&scanner, &state, &unknown)
      } else if try scanner.word() == "STATUS" {
        tellsStatus = true
      }
    }
    guard unknown.isEmpty else {
      return "NO [BADEVENT (MessageNew MessageExpunge)] Unsupported: \(unknown.joined(separator: " "))"
    }
    notify = state
    news = MailboxesNews()
    if tellsStatus { sayAllStatuses() }
    return "OK NOTIFY completed"
  }

  /// `(SELECTED (events))` or `(PERSONAL (events))`.
  private func group(
    _ scanner: inout CommandScanner, _ state: inout NotifyRequestState, _ unknown: inout [String]
  ) throws(BadCommand) {
    try scanner.expect("(")
    let filter = try scanner.word()
    guard ["SELECTED", "SELECTED-DELAYED", "PERSONAL"].contains(filter) else {
      throw BadCommand("Unknown NOTIFY filter \(filter)")
    }
    try scanner.space()
    var found = state
    var refused = unknown
    try scanner.list { (scanner) throws(BadCommand) in
      let event = try scanner.word()
      if server.profile.unknownNotifyEvents.contains(event) { refused.append(event) }
      switch (event, filter == "PERSONAL") {
      case ("MESSAGENEW", true), ("MESSAGEEXPUNGE", true): found.tellsMessages = true
      case ("MESSAGENEW", false):
        if scanner.consume(" ") { found.arrivalItems = try scanner.fetchItems() }
      case ("MESSAGEEXPUNGE", false), ("FLAGCHANGE", false): return
      case ("FLAGCHANGE", true): found.tellsFlags = true
      case ("MAILBOXNAME", true): found.tellsNames = true
      case ("SUBSCRIPTIONCHANGE", true): found.tellsSubscriptions = true
      default: throw BadCommand("Unknown NOTIFY event \(event)")
      }
    }
    try scanner.expect(")")
    state = found
    unknown = refused
  }

  /// RFC 5465 §4: but of the selected one, of which the session knows already.
  private func sayAllStatuses() {
    for box in server.mailboxes where box.isSelectable && box !== view?.mailbox { sayNotified(box, isFull: true) }
  }

  private func sayNotified(_ box: SimulatedMailbox, isFull: Bool) {
    var items = isFull ? ["MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN"] : ["UNSEEN"]
    if tellsModSeqs { items.append("HIGHESTMODSEQ") }
    sayStatus(of: box, items, name: notifiedName(box.name))
  }

  private func notifiedName(_ name: String) -> String {
    guard server.profile.notifiesInUTF8 else { return name }
    return ModifiedUTF7.decode(Array(name.utf8)) ?? name
  }

  // MARK: Hearing

  /// Something happened, perhaps by this session itself: NOTIFY tells that too.
  func hear(_ event: ServerEvent) {
    guard let notify else { return }
    switch event {
    case .messages(let box):
      if notify.tellsMessages, box !== view?.mailbox { news.states[box.name] = true }
    case .flags(let box):
      if notify.tellsFlags, box !== view?.mailbox { news.states[box.name] = news.states[box.name] ?? false }
    case .created, .deleted: if notify.tellsNames { news.names.append(event) }
    case .renamed(let old, let new):
      if let isFull = news.states.removeValue(forKey: old) { news.states[new] = isFull }
      if notify.tellsNames { news.names.append(event) }
    case .subscribed: if notify.tellsSubscriptions { news.names.append(event) }
    }
  }

  func tellNews() {
    guard !news.isEmpty, !server.trouble.forgetsToPush else { return }
    let told = news
    news = MailboxesNews()
    for event in told.names { sayListed(event) }
    for name in told.states.keys.sorted() {
      guard let box = server.mailbox(name), box.isSelectable, box !== view?.mailbox else { continue }
      sayNotified(box, isFull: told.states[name] == true)
    }
  }

  private func sayListed(_ event: ServerEvent) {
    var attributes = ""
    var old: String?
    let name: String
    switch event {
    case .messages, .flags: return
    case .created(let created): name = created
    case .deleted(let deleted): (name, attributes) = (deleted, "\\NonExistent")
    case .renamed(let before, let now): (name, old) = (now, before)
    case .subscribed(let changed, let isSubscribed):
      (name, attributes) = (changed, isSubscribed ? "\\Subscribed" : "")
    }
    out.say("* LIST (\(attributes)) \(quotedSeparator) ")
    sayNotified(name: name)
    if let old {
      out.say(" (\"OLDNAME\" (")
      sayNotified(name: old)
      out.say("))")
    }
    out.sayLineEnd()
  }

  /// Quoted, also with the octets of UTF-8 in it: that is the quirk.
  private func sayNotified(name: String) {
    guard server.profile.notifiesInUTF8 else { return out.sayString(name.utf8) }
    out.say("\"\(notifiedName(name))\"")
  }

  func overflow() {
    guard notify != nil, !isClosed else { return }
    notify = nil
    news = MailboxesNews()
    sayNow("* OK [NOTIFICATIONOVERFLOW] Too much happened")
  }
}
