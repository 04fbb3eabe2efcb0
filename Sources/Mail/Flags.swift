/// The five system flags that a client may set (RFC 9051 §2.3.2).
package struct SystemFlags: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let answered = SystemFlags(rawValue: 1 << 0)
  package static let flagged = SystemFlags(rawValue: 1 << 1)
  package static let deleted = SystemFlags(rawValue: 1 << 2)
  package static let seen = SystemFlags(rawValue: 1 << 3)
  package static let draft = SystemFlags(rawValue: 1 << 4)
  package static let all: SystemFlags = [.answered, .flagged, .deleted, .seen, .draft]

  /// Each flag with its name on the wire.
  package static let names: [(flag: SystemFlags, name: String)] = [
    (.answered, "\\Answered"), (.flagged, "\\Flagged"), (.deleted, "\\Deleted"), (.seen, "\\Seen"),
    (.draft, "\\Draft"),
  ]
}

/// A keyword (`flag-keyword`, RFC 9051 §9): an atom, the same in any case, shown as it was first written.
package struct Keyword: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let text: String
  /// What two spellings of one keyword share.
  package let folded: String

  /// Longest keyword taken; a server's longer one is left alone on that server.
  package static let lengthMax = 255

  /// Nil unless `text` is an IMAP atom of reasonable length.
  package init?(_ text: String) {
    guard (1...Self.lengthMax).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAtomCharacter) else {
      return nil
    }
    self.text = text
    folded = text.utf8.contains { (0x41...0x5A).contains($0) } ? text.lowercased() : text
  }

  /// Maildir's `P`, IMAP's `$Forwarded` (RFC 5788 §3.3).
  package static let forwarded = Keyword(unchecked: "$Forwarded", folded: "$forwarded")

  package static func == (left: Keyword, right: Keyword) -> Bool { left.folded == right.folded }
  package static func < (left: Keyword, right: Keyword) -> Bool { left.folded < right.folded }
  package func hash(into hasher: inout Hasher) { hasher.combine(folded) }
  package var description: String { text }

  private init(unchecked text: String, folded: String) {
    self.text = text
    self.folded = folded
  }

  /// `ATOM-CHAR` of RFC 9051 §9.
  private static func isAtomCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...0x20, 0x7F..., UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "{"), UInt8(ascii: "%"),
      UInt8(ascii: "*"), UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "]"):
      false
    default: true
    }
  }
}

/// What a message is marked with: system flags, and keywords ascending and distinct.
package struct FlagSet: Hashable, Sendable {
  package var system: SystemFlags
  package private(set) var keywords: [Keyword]

  package init(_ system: SystemFlags = [], keywords: some Sequence<Keyword> = EmptyCollection()) {
    self.system = system
    self.keywords = []
    for keyword in keywords.sorted() where self.keywords.last != keyword { self.keywords.append(keyword) }
  }

  package var isEmpty: Bool { system.isEmpty && keywords.isEmpty }

  package func contains(_ keyword: Keyword) -> Bool {
    let index = place(of: keyword)
    return index < keywords.count && keywords[index] == keyword
  }

  package mutating func insert(_ keyword: Keyword) {
    if !contains(keyword) { keywords.insert(keyword, at: place(of: keyword)) }
  }

  package mutating func remove(_ keyword: Keyword) {
    if contains(keyword) { keywords.remove(at: place(of: keyword)) }
  }

  /// A keyword of both is spelled as here.
  package func union(_ other: FlagSet) -> FlagSet {
    FlagSet(system.union(other.system), keywords: keywords + other.keywords)
  }

  package func subtracting(_ other: FlagSet) -> FlagSet {
    var result = FlagSet(system.subtracting(other.system))
    result.keywords = keywords.filter { !other.contains($0) }
    return result
  }

  package func intersection(_ other: FlagSet) -> FlagSet {
    var result = FlagSet(system.intersection(other.system))
    result.keywords = keywords.filter { other.contains($0) }
    return result
  }

  /// Where it is, or would be inserted.
  private func place(of keyword: Keyword) -> Int {
    var (low, high) = (0, keywords.count)
    while low < high {
      let middle = (low + high) / 2
      if keywords[middle] < keyword { low = middle + 1 } else { high = middle }
    }
    return low
  }

  package static let none = FlagSet()
}

extension FlagSet: CustomStringConvertible {
  /// As between the parentheses of FLAGS: `\Seen $Forwarded`.
  package var description: String {
    (SystemFlags.names.filter { system.contains($0.flag) }.map(\.name) + keywords.map(\.text))
      .joined(separator: " ")
  }
}
