@_spi(_Unicode) import Swift

/// A name as the disk keeps it, and what other names are the same.
struct EntryName: Hashable {
  /// As it is listed; a stand-in where the bytes are not UTF-8.
  let text: String
  let isDecodable: Bool
  /// Names with equal keys are one name.
  private let key: String
  private let isExact: Bool

  init(_ text: String, _ names: DiskTraits.Names) {
    isDecodable = true
    switch names {
    case .exact:
      self.text = text
      key = text
    case .caseInsensitive:
      self.text = text
      key = text.lowercased()
    case .normalizing:
      self.text = Self.decomposed(text)
      key = self.text
    }
    isExact = names == .exact
  }

  /// A name that is not UTF-8: nothing opens it. Its key holds a NUL, which no name that can be opened does.
  init(undecodable bytes: [UInt8]) {
    text = String(decoding: bytes, as: UTF8.self)
    isDecodable = false
    key = "\0" + bytes.map { String($0, radix: 16) }.joined(separator: " ")
    isExact = true
  }

  /// Swift holds canonically equivalent text for equal, which is what a file system that normalizes does.
  static func == (left: Self, right: Self) -> Bool {
    left.key == right.key && (!left.isExact || left.key.utf8.elementsEqual(right.key.utf8))
  }

  func hash(into hasher: inout Hasher) { hasher.combine(key) }

  private static func decomposed(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    var result = ""
    for scalar in text._nfd { result.unicodeScalars.append(scalar) }
    return result
  }
}
