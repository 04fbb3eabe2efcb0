package import Mail

/// A folder's `dovecot-keywords`: lines of a number and a keyword, where number 0 is the letter `a` and 25 is `z`.
///
/// A number once given is never given to another keyword: files may bear its letter. Lines that are not understood
/// are written back as they were.
package struct KeywordTable: Equatable, Sendable {
  package static let fileName = "dovecot-keywords"
  /// Letters a to z; what is beyond stays on the server only.
  package static let capacity = 26
  /// A larger file is no table of keywords.
  static let fileSizeMax = 64 << 10

  /// By numbers that have a letter.
  private var keywords: [Int: Keyword] = [:]
  private var lines: [String] = []
  /// Numbers with something that is no keyword: not ours to give out.
  private var unusable: Set<Int> = []

  /// Of bytes, not of characters: an accent behind the space would make one character with it.
  private struct Line {
    let index: Int
    let word: String
    /// Nil where it is none.
    var keyword: Keyword? { Keyword(word) }

    init?(_ text: String) {
      let parts = text.utf8.split(separator: UInt8(ascii: " "), maxSplits: 1)
      guard parts.count == 2, let index = Int(Substring(parts[0])) else { return nil }
      self.index = index
      word = String(Substring(parts[1]))
    }
  }

  package init() {}

  package init(parsing text: String) {
    for bytes in text.utf8.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
      let text = String(Substring(bytes))
      lines.append(text)
      // Dovecot numbers beyond z, too: these have no letter.
      guard let line = Line(text), (0..<Self.capacity).contains(line.index) else { continue }
      guard let keyword = line.keyword, keywords[line.index] == nil else {
        unusable.insert(line.index)
        continue
      }
      keywords[line.index] = keyword
    }
  }

  package var text: String { lines.map { $0 + "\n" }.joined() }

  package func keyword(at index: Int) -> Keyword? { keywords[index] }

  /// Ascending; foreign tables may hold a keyword twice.
  package func indices(of keyword: Keyword) -> [Int] {
    keywords.filter { $0.value == keyword }.keys.sorted()
  }

  /// True where `keyword` has a way into a file name.
  package func holds(_ keyword: Keyword) -> Bool { keyword == .forwarded || !indices(of: keyword).isEmpty }

  /// Gives the keyword a letter above all that were ever given and all that files bear, so that no old letter gets a
  /// new meaning. False where the letters are used up.
  package mutating func add(_ keyword: Keyword, lettersInUse: LetterSet) -> Bool {
    if holds(keyword) { return true }
    let given = max(keywords.keys.max() ?? -1, unusable.max() ?? -1)
    let index = max(given, lettersInUse.keywordIndices.last ?? -1) + 1
    guard index < Self.capacity else { return false }
    keywords[index] = keyword
    lines.append("\(index) \(keyword.text)")
    return true
  }
}

extension KeywordTable {
  /// Keywords that stand at more than one number. Both letters mean the keyword, so nothing is lost by it.
  package var repeated: [Keyword] {
    Dictionary(grouping: keywords.values, by: { $0 }).filter { $0.value.count > 1 }.keys.sorted { $0.text < $1.text }
  }

  /// Numbered beyond z: these keywords have no letter, and so no way into a file name here.
  package var beyondLetters: Set<String> {
    Set(lines.compactMap { Line($0) }.filter { $0.index >= Self.capacity }.map(\.word))
  }

  /// Lines that are no number and keyword.
  package var countNotUnderstood: Int {
    lines.count { line in
      guard let line = Line(line), line.index >= 0 else { return true }
      return line.index < Self.capacity && line.keyword == nil
    }
  }
}
