internal import Mail

extension Command {
  /// The command as it goes out, from its tag to its line end.
  func parts(tag: String, capabilities: Capabilities, limits: SessionLimits) -> [CommandPart] {
    var encoder = CommandEncoder(for: .server(capabilities, limits))
    encoder.raw("\(tag) ")
    encode(into: &encoder)
    encoder.lineEnd()
    return encoder.finish()
  }

  private func encode(into encoder: inout CommandEncoder) {
    switch self {
    case .capability: encoder.raw("CAPABILITY")
    case .noop: encoder.raw("NOOP")
    case .logout: encoder.raw("LOGOUT")
    case .startTLS: encoder.raw("STARTTLS")
    case .namespace: encoder.raw("NAMESPACE")
    case .expunge: encoder.raw("EXPUNGE")
    case .idle: encoder.raw("IDLE")
    case .id(let fields): encoder.id(fields)
    case .login(let credentials):
      encoder.raw("LOGIN ")
      encoder.arguments(credentials)
    case .authenticatePlain(let credentials):
      encoder.raw("AUTHENTICATE PLAIN")
      encoder.plainResponse(credentials)
    case .enable(let capabilities):
      encoder.raw("ENABLE")
      for capability in capabilities where capability.isAtom { encoder.raw(" \(capability)") }
    case .list(let reference, let pattern, let options): encoder.list(reference, pattern, options)
    case .lsub(let reference, let pattern): encoder.command("LSUB", reference, pattern)
    case .status(let name, let items):
      encoder.command("STATUS", name)
      encoder.space()
      encoder.list(items.words)
    case .select(let name, let readOnly, let parameter):
      encoder.command(readOnly ? "EXAMINE" : "SELECT", name)
      encoder.select(parameter)
    case .uidFetch(let target, let items, let since): encoder.fetch(target, items, since)
    case .uidStore(let set, let store, let flags, let silent): encoder.store(set, store, flags, silent: silent)
    case .uidSearch(let keys, let returningAll): encoder.search(keys, returningAll: returningAll)
    case .uidCopy(let set, let name): encoder.transfer("COPY", set, name)
    case .uidMove(let set, let name): encoder.transfer("MOVE", set, name)
    case .uidExpunge(let set):
      encoder.raw("UID EXPUNGE ")
      encoder.uids(set)
    case .append(let name, let flags, let date, let size): encoder.append(name, flags, date, size: size)
    case .create(let name): encoder.command("CREATE", name)
    case .delete(let name): encoder.command("DELETE", name)
    case .rename(let name, let target): encoder.command("RENAME", name, target)
    case .subscribe(let name): encoder.command("SUBSCRIBE", name)
    case .unsubscribe(let name): encoder.command("UNSUBSCRIBE", name)
    case .notifyNone: encoder.raw("NOTIFY NONE")
    case .notify(let request): encoder.notify(request)
    }
  }
}

extension Command: CustomStringConvertible, CustomDebugStringConvertible {
  /// For logs: as on the wire, but printable, without literals, and without what LOGIN and AUTHENTICATE say (law L13).
  package var description: String {
    var encoder = CommandEncoder(for: .log)
    encode(into: &encoder)
    return encoder.logText
  }

  package var debugDescription: String { description }
}

extension CommandEncoder {
  fileprivate mutating func command(_ word: String, _ names: MailboxName...) {
    raw(word)
    for name in names {
      space()
      mailbox(name)
    }
  }

  /// RFC 2971 §3.1.
  fileprivate mutating func id(_ fields: [IDField]) {
    guard !fields.isEmpty else { return raw("ID NIL") }
    raw("ID (")
    for (index, field) in fields.enumerated() {
      if index > 0 { space() }
      string(field.name)
      space()
      if let value = field.value { string(value) } else { raw("NIL") }
    }
    raw(")")
  }

  /// RFC 5258 §3, RFC 5819 §2.
  fileprivate mutating func list(_ reference: MailboxName, _ pattern: MailboxName, _ options: ListOptions) {
    command("LIST", reference, pattern)
    guard options != .none else { return }
    var words: [String] = []
    if options.specialUse { words.append("SPECIAL-USE") }
    if options.subscribed { words.append("SUBSCRIBED") }
    if !options.status.isEmpty { words.append("STATUS (\(options.status.words.joined(separator: " ")))") }
    raw(" RETURN ")
    list(words)
  }

  /// RFC 7162 §3.1.8, §3.2.5.
  fileprivate mutating func select(_ parameter: SelectParameter) {
    switch parameter {
    case .none: return
    case .condStore: raw(" (CONDSTORE)")
    case .qresync(let validity, let sequence):
      precondition(sequence > .none, "QRESYNC needs a modification sequence of at least 1")
      raw(" (QRESYNC (\(validity) \(sequence)))")
    }
  }

  /// RFC 7162 §3.1.4.
  fileprivate mutating func fetch(_ target: UIDTarget, _ items: FetchItems, _ since: ModSequence?) {
    raw("UID FETCH ")
    uids(target)
    space()
    list(items.words)
    guard let since else { return }
    precondition(since > .none, "CHANGEDSINCE needs a modification sequence of at least 1")
    raw(" (CHANGEDSINCE \(since))")
  }

  fileprivate mutating func store(_ set: UIDSet, _ store: FlagStore, _ flags: FlagSet, silent: Bool) {
    raw("UID STORE ")
    uids(set)
    raw(" \(store.rawValue)FLAGS\(silent ? ".SILENT" : "") ")
    self.flags(flags)
  }

  fileprivate mutating func transfer(_ word: String, _ set: UIDSet, _ name: MailboxName) {
    raw("UID \(word) ")
    uids(set)
    space()
    mailbox(name)
  }

  fileprivate mutating func append(_ name: MailboxName, _ flags: FlagSet, _ date: InternalDate?, size: Int) {
    command("APPEND", name)
    space()
    if !flags.isEmpty {
      self.flags(flags)
      space()
    }
    if let date = date.flatMap(InternalDateText.format) { raw("\"\(date)\" ") }
    upload(size: size)
  }

  /// RFC 5465 §5. MessageNew and MessageExpunge only come together for the selected mailbox.
  fileprivate mutating func notify(_ request: NotifyRequest) {
    let items = request.selectedItems.words
    let messageNew = items.isEmpty ? "MessageNew" : "MessageNew (\(items.joined(separator: " ")))"
    let flagChange = request.flagChanges ? ["FlagChange"] : []
    var personal = ["MessageNew", "MessageExpunge"] + flagChange
    if request.mailboxNames { personal.append("MailboxName") }
    if request.subscriptions { personal.append("SubscriptionChange") }
    raw("NOTIFY SET \(request.status ? "STATUS " : "")(SELECTED ")
    list([messageNew, "MessageExpunge"] + flagChange)
    raw(") (PERSONAL ")
    list(personal)
    raw(")")
  }

  /// RFC 9051 §6.4.4, RFC 4731 §3.1.
  fileprivate mutating func search(_ keys: [SearchKey], returningAll: Bool) {
    raw("UID SEARCH ")
    if returningAll { raw("RETURN (ALL) ") }
    for (index, key) in (keys.isEmpty ? [.all] : keys).enumerated() {
      if index > 0 { space() }
      switch key {
      case .all: raw("ALL")
      case .deleted: raw("DELETED")
      case .uid(let target):
        raw("UID ")
        uids(target)
      }
    }
  }
}

extension Capability {
  /// Fit to be sent: octets of an atom only.
  fileprivate var isAtom: Bool {
    !name.isEmpty && name.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"(){%*\"\\]".utf8.contains($0) }
  }
}
