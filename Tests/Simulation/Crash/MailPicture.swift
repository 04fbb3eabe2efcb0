import Mail

/// What one side of an account holds, as the crash table writes it: `INBOX: a b/FS | Archive: c/S+Work | Empty:`.
///
/// A message has a name, and behind a slash the letters of its flags as a Maildir writes them (P for $Forwarded) and
/// its keywords, each behind a plus. `m*30` stands for m1 to m30.
package struct MailPicture: Equatable, Sendable, CustomStringConvertible {
  /// Each folder's messages, ascending; one that is there twice is in it twice.
  var folders: [String: [String]] = [:]

  /// A row that cannot be read is a mistake in the table.
  package init(_ text: String) {
    for part in text.split(separator: "|") {
      let pieces = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      precondition(pieces.count == 2, "a folder needs a colon: \(text)")
      let name = pieces[0].split(separator: " ").joined(separator: " ")
      folders[name] = pieces[1].split(separator: " ").flatMap { Self.expanded(String($0)) }.sorted()
    }
  }

  /// `name` is what the table calls a message; one that it never spoke of is shown with a question mark.
  init(_ inventory: Inventory, name: (Mailbag.Number) -> String?) {
    for folder in inventory.folders { folders["\(folder)"] = [] }
    for item in inventory.items {
      let message = NamedMessage(name: item.number.flatMap(name) ?? "?", flags: item.flags)
      folders["\(item.folder)", default: []].append("\(message)")
    }
    for folder in folders.keys { folders[folder]?.sort() }
  }

  package var description: String {
    folders.sorted { $0.key < $1.key }
      .map { folder, messages in ([folder + ":"] + messages).joined(separator: " ") }.joined(separator: " | ")
  }

  /// How often each message is there, whatever its flags.
  var counts: [String: Int] {
    folders.values.joined().reduce(into: [:]) { $0[NamedMessage($1).name, default: 0] += 1 }
  }

  private static func expanded(_ text: String) -> [String] {
    guard let star = text.firstIndex(of: "*"), let count = Int(text[text.index(after: star)...]) else {
      return ["\(NamedMessage(text))"]
    }
    return (1...count).map { "\(text[..<star])\($0)" }
  }
}

/// A message as the crash table writes it.
struct NamedMessage: CustomStringConvertible {
  private static let letters: [(letter: Character, flag: SystemFlags)] = [
    ("D", .draft), ("F", .flagged), ("R", .answered), ("S", .seen), ("T", .deleted),
  ]

  let name: String
  let flags: FlagSet

  init(name: String, flags: FlagSet) {
    self.name = name
    self.flags = flags
  }

  init(_ text: String) {
    let pieces = text.split(separator: "/", maxSplits: 1)
    name = String(pieces[0])
    flags = pieces.count == 2 ? Self.flags(String(pieces[1])) : .none
  }

  /// `FS+Work`.
  static func flags(_ text: String) -> FlagSet {
    let pieces = text.split(separator: "+", omittingEmptySubsequences: false)
    var flags = FlagSet(keywords: pieces.dropFirst().compactMap { Keyword(String($0)) })
    for letter in pieces[0] {
      if letter == "P" {
        flags.insert(.forwarded)
      } else if let flag = letters.first(where: { $0.letter == letter })?.flag {
        flags.system.insert(flag)
      } else {
        preconditionFailure("no letter of a flag: \(letter)")
      }
    }
    return flags
  }

  var description: String {
    guard !flags.isEmpty else { return name }
    let system = Self.letters.filter { flags.system.contains($0.flag) }.map { "\($0.letter)" }.joined()
    let keywords = flags.keywords.filter { $0 != .forwarded }.map { "+\($0)" }.joined()
    return "\(name)/\(system)\(flags.contains(.forwarded) ? "P" : "")\(keywords)"
  }
}
