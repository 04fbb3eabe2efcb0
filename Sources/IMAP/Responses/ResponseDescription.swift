internal import Mail

/// A list of what is there, as it would be said in parentheses.
private struct Said {
  private var words: [String] = []

  mutating func add(_ name: String, _ value: (some Any)?) {
    if let value { words.append("\(name) \(value)") }
  }

  mutating func add(_ word: String, if isSaid: Bool) {
    if isSaid { words.append(word) }
  }

  var text: String { words.joined(separator: " ") }
}

extension Untagged: CustomStringConvertible {
  /// Near to the wire, printable, without message content.
  package var description: String {
    switch self {
    case .ok(let text): "OK \(text)"
    case .no(let text): "NO \(text)"
    case .bad(let text): "BAD \(text)"
    case .bye(let text): "BYE \(text)"
    case .capability(let capabilities): "CAPABILITY \(capabilities)"
    case .enabled(let capabilities): "ENABLED \(capabilities.map(\.name).joined(separator: " "))"
    case .flags(let flags): "FLAGS (\(flags))"
    case .exists(let count): "\(count) EXISTS"
    case .recent(let count): "\(count) RECENT"
    case .expunge(let number): "\(number) EXPUNGE"
    case .vanished(let set, let isEarlier): "VANISHED \(isEarlier ? "(EARLIER) " : "")\(set)"
    case .fetch(let response): "\(response.sequenceNumber) FETCH (\(response))"
    case .list(let response): "LIST \(response)"
    case .lsub(let response): "LSUB \(response)"
    case .status(let name, let status): "STATUS \(name) (\(status))"
    case .search(let set): "SEARCH \(set)"
    case .esearch(let response): "ESEARCH \(response)"
    case .namespace(let response): "NAMESPACE \(response)"
    case .id(let fields): "ID (\(fields.map { "\($0.name)=\($0.value ?? "NIL")" }.joined(separator: ", ")))"
    case .other(let name): "\(name) …"
    case .unreadable(let name, _): "unreadable \(name)"
    }
  }
}

extension FetchResponse: CustomStringConvertible {
  package var description: String {
    var said = Said()
    said.add("UID", uid)
    said.add("FLAGS", flags.map { "(\($0))" })
    said.add("INTERNALDATE", internalDate)
    said.add("RFC822.SIZE", size)
    said.add("MODSEQ", modSeq)
    said.add("EMAILID", emailID)
    said.add("MESSAGE-ID", messageID.map { printable($0) })
    said.add("BODY", bodySize)
    said.add("BODY NIL", if: bodyWasNil)
    return said.text
  }
}

extension StatusResponse: CustomStringConvertible {
  package var description: String {
    var said = Said()
    said.add("MESSAGES", messages)
    said.add("UIDNEXT", uidNext)
    said.add("UIDVALIDITY", uidValidity)
    said.add("UNSEEN", unseen)
    said.add("DELETED", deleted)
    said.add("SIZE", size)
    said.add("HIGHESTMODSEQ", highestModSeq)
    said.add("MAILBOXID", mailboxID)
    said.add("APPENDLIMIT", appendLimit)
    return said.text
  }
}

extension ESearchResponse: CustomStringConvertible {
  package var description: String {
    var said = Said()
    said.add("of", command)
    said.add("ALL", all)
    said.add("COUNT", count)
    said.add("MIN", min)
    said.add("MAX", max)
    said.add("MODSEQ", highestModSeq)
    return said.text
  }
}

extension ListResponse: CustomStringConvertible {
  package var description: String {
    var said = Said()
    said.add("OLDNAME", oldName)
    said.add("subscribed child", if: hasSubscribedChild)
    let words = attributes.words + roles.sorted()
    let delimiter = delimiter.map { printable(String(UnicodeScalar($0))) } ?? "NIL"
    return "(\(words.joined(separator: " "))) \(delimiter) \(name)" + (said.text.isEmpty ? "" : " (\(said.text))")
  }
}

extension MailboxAttributes {
  /// Each with its name on the wire.
  static let names: [(attribute: MailboxAttributes, name: String)] = [
    (.nonExistent, "\\NonExistent"), (.noSelect, "\\Noselect"), (.noInferiors, "\\Noinferiors"),
    (.hasChildren, "\\HasChildren"), (.hasNoChildren, "\\HasNoChildren"), (.marked, "\\Marked"),
    (.unmarked, "\\Unmarked"), (.subscribed, "\\Subscribed"), (.remote, "\\Remote"),
  ]

  fileprivate var words: [String] { Self.names.filter { contains($0.attribute) }.map(\.name) }
}

extension NamespaceResponse: CustomStringConvertible {
  package var description: String {
    [personal, otherUsers, shared].map { namespaces in
      namespaces.isEmpty ? "NIL" : "(\(namespaces.map(\.description).joined(separator: " ")))"
    }.joined(separator: " ")
  }
}

extension NamespaceResponse.Namespace: CustomStringConvertible {
  package var description: String {
    "\"\(prefix)\" \(delimiter.map { printable(String(UnicodeScalar($0))) } ?? "NIL")"
  }
}
