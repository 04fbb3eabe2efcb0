internal import Mail

extension Cursor {
  /// After `LIST `: attributes, delimiter, name, and the extended data of RFC 5258.
  mutating func listResponse() throws(ParseError) -> ListResponse {
    var attributes: MailboxAttributes = []
    var roles: Set<String> = []
    try list { (cursor) throws(ParseError) in
      let word = Word(try cursor.atom())
      if let attribute = Self.attributes.first(where: { $0.word == word })?.attribute { attributes.insert(attribute) }
      if let role = Self.roles.first(where: { $0.word == word })?.role { roles.insert(role) }
    }
    try space()
    let delimiter = try delimiter()
    try space()
    var response = ListResponse(attributes: attributes, roles: roles, delimiter: delimiter, name: try mailboxName())
    skipSpaces()
    if next == UInt8(ascii: "(") { try extendedListData(into: &response) }
    try expectEnd()
    return response
  }

  private mutating func extendedListData(into response: inout ListResponse) throws(ParseError) {
    var oldName: MailboxName?
    var hasSubscribedChild = false
    try list { (cursor) throws(ParseError) in
      let tag = Word(try cursor.stringOrAtom())
      try cursor.space()
      switch tag {
      case .oldName:
        try cursor.expect(UInt8(ascii: "("))
        oldName = try cursor.mailboxName()
        try cursor.expect(UInt8(ascii: ")"))
      case .childInfo:
        try cursor.list { (cursor) throws(ParseError) in
          if Word(try cursor.stringOrAtom()) == .subscribed { hasSubscribedChild = true }
        }
      default: try cursor.skipValue()
      }
    }
    response.oldName = oldName
    response.hasSubscribedChild = hasSubscribedChild
  }

  /// After `STATUS `.
  mutating func statusResponse() throws(ParseError) -> (MailboxName, StatusResponse) {
    let name = try mailboxName()
    try space()
    var status = StatusResponse()
    let start = index
    try list { (cursor) throws(ParseError) in
      let item = try cursor.word()
      try cursor.space()
      try cursor.statusItem(item, into: &status)
    }
    if index == start + 2 { quirks.insert(.emptyStatus) }
    try expectEnd()
    return (name, status)
  }

  private mutating func statusItem(_ item: Word, into status: inout StatusResponse) throws(ParseError) {
    switch item {
    case .messages: status.messages = try number()
    case .uidNext:
      status.uidNext = UID(rawValue: try number32())
      if status.uidNext == nil { quirks.insert(.zeroState) }
    case .uidValidity: status.uidValidity = try uidValidity()
    case .unseen: status.unseen = try number()
    case .deleted: status.deleted = try number()
    case .size: status.size = try number()
    case .highestModSeq: status.highestModSeq = try modSequenceOrZero()
    case .mailboxID:
      try expect(UInt8(ascii: "("))
      status.mailboxID = try objectID()
      try expect(UInt8(ascii: ")"))
    case .appendLimit where next.map { (0x30...0x39).contains($0) } == true: status.appendLimit = try number()
    default: try skipValue()
    }
  }

  /// After `NAMESPACE `.
  mutating func namespaceResponse() throws(ParseError) -> NamespaceResponse {
    var response = NamespaceResponse()
    response.personal = try namespaces()
    try space()
    response.otherUsers = try namespaces()
    try space()
    response.shared = try namespaces()
    try expectEnd()
    return response
  }

  private mutating func namespaces() throws(ParseError) -> [NamespaceResponse.Namespace] {
    guard next == UInt8(ascii: "(") else {
      guard try word() == .nil else { throw .malformed }
      return []
    }
    var namespaces: [NamespaceResponse.Namespace] = []
    try list { (cursor) throws(ParseError) in
      try cursor.expect(UInt8(ascii: "("))
      guard let prefix = MailboxName(bytes: Array(try cursor.string())) else { throw .malformed }
      try cursor.space()
      let delimiter = try cursor.delimiter()
      // Extensions follow as pairs (RFC 2342 §6).
      cursor.skipSpaces()
      while cursor.next != UInt8(ascii: ")") {
        try cursor.skipValue()
        cursor.skipSpaces()
      }
      try cursor.expect(UInt8(ascii: ")"))
      namespaces.append(.init(prefix: prefix, delimiter: delimiter))
    }
    return namespaces
  }

  private static let attributes = MailboxAttributes.names.map { (word: Word($0.name), attribute: $0.attribute) }

  /// RFC 6154 §2, RFC 8457.
  private static let roles: [(word: Word, role: String)] = [
    "\\All", "\\Archive", "\\Drafts", "\\Flagged", "\\Junk", "\\Sent", "\\Trash", "\\Important",
  ].map { (Word($0), $0) }
}

extension Word {
  fileprivate static let subscribed = Word("SUBSCRIBED")
}
