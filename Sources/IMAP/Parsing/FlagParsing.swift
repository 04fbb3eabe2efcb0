internal import Mail

/// The keywords met in a session, so that a hundred thousand `$Forwarded` are one String.
struct KeywordTable: Sendable {
  /// A mailbox has a few dozen; beyond this they are made anew each time.
  static let countMax = 64

  private var entries: [(octets: [UInt8], keyword: Keyword)] = []

  /// Nil for what is no keyword: that one is the server's alone.
  mutating func keyword(_ octets: ArraySlice<UInt8>) -> Keyword? {
    if let known = entries.first(where: { $0.octets.count == octets.count && $0.octets.elementsEqual(octets) }) {
      return known.keyword
    }
    guard let keyword = Keyword(String(decoding: octets, as: UTF8.self)) else { return nil }
    if entries.count < Self.countMax { entries.append((Array(octets), keyword)) }
    return keyword
  }
}

extension Cursor {
  /// A parenthesized list of flags. `\Recent`, unknown system flags and what is no keyword are left out.
  mutating func flagList() throws(ParseError) -> FlagSet { try permanentFlags().flags }

  /// Of a message; nil where it has more keywords than are kept. To leave some out would be to say that they were taken
  /// off (law L6).
  mutating func messageFlags() throws(ParseError) -> FlagSet? {
    let flags = try flagList()
    return flags.keywords.count <= limits.keywordsMax ? flags : nil
  }

  mutating func permanentFlags() throws(ParseError) -> PermanentFlags {
    var system: SystemFlags = []
    var others: [Keyword] = []
    var takesNewKeywords = false
    try list { (cursor) throws(ParseError) in
      let flag = try cursor.atom()
      guard flag.first == UInt8(ascii: "\\") else {
        if let keyword = cursor.keywords.keyword(flag) { others.append(keyword) }
        return
      }
      if flag.elementsEqual("\\*".utf8) { takesNewKeywords = true }
      system.formUnion(SystemFlags(wireName: flag))
    }
    return PermanentFlags(FlagSet(system, keywords: others), takesNewKeywords: takesNewKeywords)
  }
}

extension SystemFlags {
  /// Empty for a flag that is none of the five.
  fileprivate init(wireName: ArraySlice<UInt8>) {
    switch Word(wireName) {
    case .seen: self = .seen
    case .answered: self = .answered
    case .flagged: self = .flagged
    case .deletedFlag: self = .deleted
    case .draft: self = .draft
    default: self = []
    }
  }
}

extension Word {
  fileprivate static let seen = Word("\\SEEN")
  fileprivate static let answered = Word("\\ANSWERED")
  fileprivate static let flagged = Word("\\FLAGGED")
  fileprivate static let deletedFlag = Word("\\DELETED")
  fileprivate static let draft = Word("\\DRAFT")
}
