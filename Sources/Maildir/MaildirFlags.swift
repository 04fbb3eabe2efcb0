package import Mail

/// The letters of a file name and the flags of a message, each told by the other: D F P R S T by themselves, a to z by
/// the folder's table of keywords.
package enum MaildirFlags {
  private static let systemLetters: [(flag: SystemFlags, letter: LetterSet)] = [
    (.draft, .draft), (.flagged, .flagged), (.answered, .replied), (.seen, .seen), (.deleted, .trashed),
  ]

  /// Letters that the table does not know mean nothing here, and stay in the name.
  package static func flags(of letters: LetterSet, _ table: KeywordTable) -> FlagSet {
    var result = FlagSet()
    for (flag, letter) in systemLetters where letters.contains(letter) { result.system.insert(flag) }
    if letters.contains(.passed) { result.insert(.forwarded) }
    if !letters.isDisjoint(with: .keywords) {
      for index in letters.keywordIndices {
        if let keyword = table.keyword(at: index) { result.insert(keyword) }
      }
    }
    return result
  }

  /// True where a letter has no keyword: that table was lost, or is another's.
  package static func hidesKeywords(_ letters: LetterSet, _ table: KeywordTable) -> Bool {
    !letters.isDisjoint(with: .keywords) && letters.keywordIndices.contains { table.keyword(at: $0) == nil }
  }

  /// The letters that stand for `flags`; keywords for which the table has no letter are left out.
  package static func letters(for flags: FlagSet, _ table: KeywordTable) -> LetterSet {
    var result = LetterSet()
    for (flag, letter) in systemLetters where flags.system.contains(flag) { result.insert(letter) }
    for keyword in flags.keywords {
      if keyword == .forwarded {
        result.insert(.passed)
      } else if let index = table.indices(of: keyword).first {
        result.insert(LetterSet(keywordIndex: index))
      }
    }
    return result
  }

  /// `letters` with flags added and removed. A keyword is removed under every letter that stands for it.
  package static func change(_ letters: LetterSet, adding: FlagSet, removing: FlagSet, _ table: KeywordTable)
    -> LetterSet
  {
    var result = letters
    for keyword in removing.keywords {
      for index in table.indices(of: keyword) { result.remove(LetterSet(keywordIndex: index)) }
    }
    result.subtract(Self.letters(for: removing, table))
    let held = flags(of: result, table)
    return result.union(Self.letters(for: adding.subtracting(held), table))
  }

  /// The same marks in another folder: keyword letters mean something else there. Unknown ones are left behind.
  package static func translate(_ letters: LetterSet, from source: KeywordTable, to target: KeywordTable) -> LetterSet {
    guard !letters.isDisjoint(with: .keywords) else { return letters }
    let keywords = FlagSet(keywords: flags(of: letters, source).keywords)
    return letters.subtracting(.keywords).union(Self.letters(for: keywords, target))
  }
}
