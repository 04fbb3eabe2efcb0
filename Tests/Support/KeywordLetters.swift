import Foundation
package import Mail

/// A folder's `dovecot-keywords`: which keyword each letter stands for, `a` the one numbered 0.
package struct KeywordLetters {
  package static let systemFlags: [Character: SystemFlags] = [
    "D": .draft, "F": .flagged, "R": .answered, "S": .seen, "T": .deleted,
  ]

  private(set) var keywords: [Character: Keyword] = [:]

  init(reading folder: String) throws {
    let file = folder + "/dovecot-keywords"
    guard let data = FileManager.default.contents(atPath: file) else { return }
    for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 1)
      guard words.count == 2, let number = UInt8(words[0]), number < 26, let keyword = Keyword(String(words[1])) else {
        throw SupportError("\(file): a line that is none: \(line)")
      }
      keywords[Character(UnicodeScalar(UInt8(ascii: "a") + number))] = keyword
    }
  }

  subscript(letter: Character) -> Keyword? { keywords[letter] }

  /// The keyword's letter in this folder, written into the file where it has none yet.
  static func letter(of keyword: Keyword, in folder: String) throws -> Character {
    let letters = try KeywordLetters(reading: folder)
    if let letter = letters.keywords.first(where: { $0.value == keyword })?.key { return letter }
    for number in UInt8(0)..<26 {
      let letter = Character(UnicodeScalar(UInt8(ascii: "a") + number))
      guard letters[letter] == nil else { continue }
      let file = folder + "/dovecot-keywords"
      let before = FileManager.default.contents(atPath: file) ?? Data()
      try (before + Data("\(number) \(keyword.text)\n".utf8)).write(to: URL(fileURLWithPath: file), options: .atomic)
      return letter
    }
    throw SupportError("\(folder): all 26 keyword letters are taken")
  }
}
