import Glibc

/// The header of a message in LF form, line by line in pieces split anywhere: leaves out the fields that mail readers
/// add on saving, and picks up the first Message-ID.
struct HeaderFilter {
  /// What is told of a Message-ID; a longer one is cut.
  static let messageIDLengthMax = 512
  /// No field name that matters here is longer, with blanks before its colon.
  private static let nameLengthMax = 32
  private static let leftOut = ["content-length", "lines", "status", "x-status"].map { Array($0.utf8) }
  private static let messageIDName = Array("message-id".utf8)

  private enum Place {
    case lineStart
    /// In a field's name, which `name` holds: whether the line stays is not known yet.
    case name
    /// Behind the colon, or in a line without one.
    case rest
    case body
  }

  private var place = Place.lineStart
  private var name: [UInt8] = []
  private var keepsField = true
  private var readsMessageID = false
  private var messageIDBytes: [UInt8] = []
  private var hasSeenMessageID = false

  var isInBody: Bool { if case .body = place { true } else { false } }

  /// Nil where there is no Message-ID field, or nothing printable in the first.
  var messageID: String? {
    messageIDBytes.isEmpty ? nil : String(decoding: messageIDBytes, as: UTF8.self)
  }

  /// Hands on what stays; answers how many bytes belonged to the header.
  mutating func take(_ bytes: UnsafeRawBufferPointer, keep: (UnsafeRawBufferPointer) -> Void) -> Int {
    var index = 0
    while index < bytes.count {
      switch place {
      case .body: return index
      case .lineStart: unsafe startLine(bytes, &index, keep)
      case .name: unsafe readName(bytes, &index, keep)
      case .rest: unsafe readRest(bytes, &index, keep)
      }
    }
    return index
  }

  /// The message ended.
  mutating func finish(keep: (UnsafeRawBufferPointer) -> Void) {
    if case .name = place { unsafe keepName(keep) }
  }

  private mutating func startLine(
    _ bytes: UnsafeRawBufferPointer, _ index: inout Int, _ keep: (UnsafeRawBufferPointer) -> Void
  ) {
    switch unsafe bytes[index] {
    case 0x0A:
      unsafe keep(UnsafeRawBufferPointer(rebasing: bytes[index...index]))
      index += 1
      place = .body
    case 0x20, 0x09:
      // A folded line shares its field's fate.
      place = .rest
    default:
      place = .name
      keepsField = true
      readsMessageID = false
    }
  }

  private mutating func readName(
    _ bytes: UnsafeRawBufferPointer, _ index: inout Int, _ keep: (UnsafeRawBufferPointer) -> Void
  ) {
    while index < bytes.count {
      let byte = unsafe bytes[index]
      if byte == UInt8(ascii: ":") || byte == 0x0A || name.count == Self.nameLengthMax {
        if byte == UInt8(ascii: ":") {
          decide()
          name.append(byte)
          index += 1
        }
        if keepsField { unsafe keepName(keep) }
        name.removeAll(keepingCapacity: true)
        place = .rest
        return
      }
      name.append(byte)
      index += 1
    }
  }

  private mutating func decide() {
    // RFC 5322 §4.5.8: blanks before the colon are obsolete, and still read.
    let end = name.lastIndex { $0 != 0x20 && $0 != 0x09 }.map { $0 + 1 } ?? 0
    let folded = name[..<end].map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    keepsField = !Self.leftOut.contains(folded)
    readsMessageID = !hasSeenMessageID && folded == Self.messageIDName
    if readsMessageID { hasSeenMessageID = true }
  }

  private func keepName(_ keep: (UnsafeRawBufferPointer) -> Void) {
    unsafe name.withUnsafeBytes { unsafe keep($0) }
  }

  private mutating func readRest(
    _ bytes: UnsafeRawBufferPointer, _ index: inout Int, _ keep: (UnsafeRawBufferPointer) -> Void
  ) {
    let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[index...])
    let lineFeed = unsafe rest.firstLineFeed
    let piece = unsafe UnsafeRawBufferPointer(rebasing: rest[..<(lineFeed.map { $0 + 1 } ?? rest.count)])
    if keepsField { unsafe keep(piece) }
    if readsMessageID { unsafe readMessageID(piece) }
    index += piece.count
    if lineFeed != nil { place = .lineStart }
  }

  private mutating func readMessageID(_ piece: UnsafeRawBufferPointer) {
    for index in piece.indices {
      let byte = unsafe piece[index]
      if messageIDBytes.count == Self.messageIDLengthMax { return }
      if (0x21...0x7E).contains(byte) { messageIDBytes.append(byte) }
    }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate var firstLineFeed: Int? {
    guard let start = baseAddress, count > 0, let found = unsafe memchr(start, 0x0A, count) else { return nil }
    return unsafe UnsafeRawPointer(found) - start
  }
}
