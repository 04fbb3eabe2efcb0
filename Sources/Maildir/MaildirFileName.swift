/// A message's file name: `UNIQUE:2,LETTERS`, or `UNIQUE` alone.
///
/// The unique part is never read nor changed: the fields that other programs put there (`,S=`, `,W=`, `,U=`, `,FMD5=`)
/// stay for ever. Letters may come unordered and repeated, and are written in ASCII order; those unknown to us stay.
package struct MaildirFileName: Hashable, Sendable {
  /// What precedes the first `:2,`; the whole name where there is none.
  package let unique: String
  /// Nil where the name has no info.
  package var info: MaildirInfo?

  package init(unique: String, info: MaildirInfo? = nil) {
    self.unique = unique
    self.info = info
  }

  package init(_ name: String) {
    guard let length = Self.uniqueLength(of: name) else {
      unique = name
      info = nil
      return
    }
    unique = String(Substring(name.utf8.prefix(length)))
    info = MaildirInfo(name.utf8.dropFirst(length + 3))
  }

  package var text: String { info.map { "\(unique):2,\($0.text)" } ?? unique }

  /// How many bytes precede the first `:2,`; nil where there is none.
  static func uniqueLength(of name: String) -> Int? {
    var matched = 0
    var length = 0
    for byte in name.utf8 {
      length += 1
      if matched == 2, byte == UInt8(ascii: ",") { return length - 3 }
      matched = byte == UInt8(ascii: ":") ? 1 : matched == 1 && byte == UInt8(ascii: "2") ? 2 : 0
    }
    return nil
  }
}

/// The letters behind `:2,`.
package struct MaildirInfo: Hashable, Sendable {
  package var letters: LetterSet
  /// Whatever follows the letters, kept as it is.
  package let tail: String

  package init(_ letters: LetterSet = []) {
    self.letters = letters
    tail = ""
  }

  init(_ bytes: Substring.UTF8View) {
    letters = []
    var rest = bytes
    while let byte = rest.first, let letter = LetterSet(letter: byte) {
      letters.formUnion(letter)
      rest = rest.dropFirst()
    }
    tail = String(Substring(rest))
  }

  package var text: String { letters.text + tail }
}

/// A set of the letters A–Z and a–z.
package struct LetterSet: OptionSet, Hashable, Sendable {
  package let rawValue: UInt64
  package init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Nil for anything but an ASCII letter.
  package init?(letter byte: UInt8) {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): rawValue = 1 << UInt64(byte - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): rawValue = 1 << UInt64(26 + byte - UInt8(ascii: "a"))
    default: return nil
    }
  }

  /// The letter of the keyword with this index, 0 to 25.
  package init(keywordIndex index: Int) {
    precondition((0..<26).contains(index), "a keyword's letter is one of a to z")
    rawValue = 1 << UInt64(26 + index)
  }

  package static let draft = LetterSet(rawValue: 1 << 3)
  package static let flagged = LetterSet(rawValue: 1 << 5)
  /// Passed on: the keyword $Forwarded.
  package static let passed = LetterSet(rawValue: 1 << 15)
  package static let replied = LetterSet(rawValue: 1 << 17)
  package static let seen = LetterSet(rawValue: 1 << 18)
  package static let trashed = LetterSet(rawValue: 1 << 19)
  /// a to z.
  package static let keywords = LetterSet(rawValue: ((1 << 26) - 1) << 26)

  /// Indices of the keyword letters, ascending.
  package var keywordIndices: [Int] { (0..<26).filter { contains(LetterSet(keywordIndex: $0)) } }

  /// In ASCII order, as notmuch insists.
  package var text: String {
    var bytes: [UInt8] = []
    var rest = rawValue
    while rest != 0 {
      let bit = UInt8(rest.trailingZeroBitCount)
      bytes.append(bit < 26 ? UInt8(ascii: "A") + bit : UInt8(ascii: "a") + bit - 26)
      rest &= rest - 1
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
