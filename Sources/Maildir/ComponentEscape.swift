/// One component of a folder's name as a directory name, and back.
///
/// Escaped as `%XX`: control characters, `/`, a dot that leads (or any, where dots separate), the first letter of a
/// name that is taken (`cur`, `new`, `tmp`, the table of keywords, a file system's own, martlet's own), and a `%` that
/// would otherwise read as an escape. A harmless name is its own directory name, also one that only looks as if it were
/// escaped: `50%41`.
struct ComponentEscape {
  private let layout: MaildirLayout
  private let place: Place

  /// Where in a name the component stands.
  enum Place: CaseIterable {
    /// The whole name: its directory could be `.martlet` itself.
    case alone
    /// The first of several.
    case first
    case below
  }

  init(_ layout: MaildirLayout, at place: Place) {
    self.layout = layout
    self.place = place
  }

  func escape(_ component: String) -> String {
    let bytes = Array(component.utf8)
    if isHarmless(bytes), !isCanonicalEscape(bytes) { return component }
    return String(decoding: escapeFully(bytes), as: UTF8.self)
  }

  /// Nil where no component has this directory name.
  func read(_ name: String) -> String? {
    let bytes = Array(name.utf8)
    if isCanonicalEscape(bytes) {
      let component = String(decoding: unescape(bytes), as: UTF8.self)
      // Not UTF-8 behind the escapes, or a name that needs none: then nothing is written this way.
      return escape(component).utf8.elementsEqual(bytes) ? component : nil
    }
    return isHarmless(bytes) ? name : nil
  }

  /// True where the name is what `escapeFully` makes of something else.
  private func isCanonicalEscape(_ bytes: [UInt8]) -> Bool {
    let plain = unescape(bytes)
    return plain != bytes && escapeFully(plain) == bytes
  }

  private func isHarmless(_ bytes: [UInt8]) -> Bool {
    !bytes.isEmpty && !isTaken(bytes) && bytes.indices.allSatisfy { !isDangerous(bytes, at: $0) }
  }

  private func escapeFully(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    for index in bytes.indices {
      let looksEscaped = escapedByte(bytes, at: index) != nil
      if isDangerous(bytes, at: index) || looksEscaped || index == 0 && isTaken(bytes) {
        result.append(UInt8(ascii: "%"))
        result.append(Self.digits[Int(bytes[index] >> 4)])
        result.append(Self.digits[Int(bytes[index] & 15)])
      } else {
        result.append(bytes[index])
      }
    }
    return result
  }

  private func unescape(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if let byte = escapedByte(bytes, at: index) {
        result.append(byte)
        index += 3
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return result
  }

  private func isDangerous(_ bytes: [UInt8], at index: Int) -> Bool {
    switch bytes[index] {
    case 0...0x1F, 0x7F, UInt8(ascii: "/"): true
    case UInt8(ascii: "."): index == 0 || layout == .maildirPlusPlus
    // U+0080 to U+009F: the other control characters.
    case 0xC2: index + 1 < bytes.count && (0x80...0x9F).contains(bytes[index + 1])
    case 0x80...0x9F: index > 0 && bytes[index - 1] == 0xC2
    default: false
    }
  }

  private func isTaken(_ bytes: [UInt8]) -> Bool {
    switch layout {
    case .nested: Self.taken.contains(bytes) || place != .below && bytes == Self.lostAndFound
    case .maildirPlusPlus: place == .alone && bytes == Self.martlet
    }
  }

  private func escapedByte(_ bytes: [UInt8], at index: Int) -> UInt8? {
    guard bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
      let high = Self.digits.firstIndex(of: bytes[index + 1]), let low = Self.digits.firstIndex(of: bytes[index + 2])
    else { return nil }
    return UInt8(high << 4 | low)
  }

  private static let digits = Array("0123456789ABCDEF".utf8)
  private static let martlet = Array("martlet".utf8)
  private static let taken = ["cur", "new", "tmp", KeywordTable.fileName].map { Array($0.utf8) }
  private static let lostAndFound = Array(MaildirLayout.lostAndFound.utf8)
}
