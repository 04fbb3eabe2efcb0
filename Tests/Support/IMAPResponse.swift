import Mail

/// One response as a server sent it: text, and the literals in it.
struct IMAPResponse {
  enum Piece {
    case text([UInt8])
    case literal([UInt8])
  }

  let pieces: [Piece]

  /// The response for people and for simple looks, each literal as `{n}` without its bytes.
  var text: String {
    pieces.reduce(into: "") { text, piece in
      if case .text(let bytes) = piece { text += String(decoding: bytes, as: UTF8.self) }
    }
  }

  /// Reads a response with all its literals; nil at the end of the connection.
  init?(from connection: LoopbackConnection, until deadline: Deadline) throws {
    var pieces: [Piece] = []
    while true {
      guard let line = try connection.line(until: deadline) else {
        if pieces.isEmpty { return nil }
        throw SupportError("the connection ended within a response")
      }
      pieces.append(.text(line))
      guard let count = Self.literalCount(endOf: line) else { break }
      pieces.append(.literal(try connection.bytes(count, until: deadline)))
    }
    self.pieces = pieces
  }

  /// The `n` of a `{n}` at the end of the line.
  private static func literalCount(endOf line: [UInt8]) -> Int? {
    guard line.last == UInt8(ascii: "}"), let open = line.lastIndex(of: UInt8(ascii: "{")) else { return nil }
    return Int(String(decoding: line[(open + 1)..<(line.count - 1)], as: UTF8.self))
  }
}

/// A piece of IMAP data (RFC 9051 §4).
indirect enum IMAPValue {
  case atom(String)
  case string([UInt8])
  case list([IMAPValue])

  var text: String? {
    switch self {
    case .atom(let text): text
    case .string(let bytes): String(decoding: bytes, as: UTF8.self)
    case .list: nil
    }
  }

  var bytes: [UInt8]? {
    switch self {
    case .atom(let text): text.uppercased() == "NIL" ? nil : Array(text.utf8)
    case .string(let bytes): bytes
    case .list: nil
    }
  }

  var items: [IMAPValue]? { if case .list(let items) = self { items } else { nil } }
}

extension IMAPResponse {
  /// The response as values: `* 3 FETCH (UID 7)` is `*`, `3`, `FETCH` and a list.
  func values() throws -> [IMAPValue] {
    // Lists that are still open, the innermost last; the first is the response itself.
    var open: [[IMAPValue]] = [[]]
    for piece in pieces {
      switch piece {
      case .literal(let bytes):
        open[open.count - 1].append(.string(bytes))
      case .text(let bytes):
        try Self.scan(bytes, into: &open)
      }
    }
    guard open.count == 1 else { throw SupportError("unbalanced parentheses in: \(printable(text))") }
    return open[0]
  }

  private static func scan(_ bytes: [UInt8], into open: inout [[IMAPValue]]) throws {
    var index = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: " "):
        index += 1
      case UInt8(ascii: "("):
        open.append([])
        index += 1
      case UInt8(ascii: ")"):
        guard open.count > 1, let list = open.popLast() else { throw SupportError("a ')' too many") }
        open[open.count - 1].append(.list(list))
        index += 1
      case UInt8(ascii: "\""):
        open[open.count - 1].append(.string(quoted(bytes, &index)))
      case UInt8(ascii: "{"):
        // The announcement of the literal, which is the next piece.
        index = bytes.count
      default:
        let end = bytes[index...].firstIndex { [0x20, 0x28, 0x29].contains($0) } ?? bytes.count
        open[open.count - 1].append(.atom(String(decoding: bytes[index..<end], as: UTF8.self)))
        index = end
      }
    }
  }

  private static func quoted(_ bytes: [UInt8], _ index: inout Int) -> [UInt8] {
    var result: [UInt8] = []
    index += 1
    while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
      if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count { index += 1 }
      result.append(bytes[index])
      index += 1
    }
    index += 1
    return result
  }
}
