import Mail

/// Which remote folders a filter means: IMAP's wildcards (`*` crosses `/`, `%` does not, RFC 9051 §6.3.9), or a
/// regular expression between slashes. Both look at the name as martlet writes it.
struct FolderPattern: Equatable, Sendable, CustomStringConvertible {
  struct Fault: Error {
    let expected: String
    let found: String
  }

  /// As in the file.
  let text: String
  private let matcher: Matcher

  private enum Matcher: Sendable {
    case wildcards([UInt8])
    case expression(Expression)
  }

  init(_ text: String) throws(Fault) {
    self.text = text
    guard !text.isEmpty else { throw Fault(expected: "a folder's name or pattern", found: "nothing") }
    guard text.hasPrefix("/") else {
      matcher = .wildcards(Array(text.utf8))
      return
    }
    guard text.count > 2, text.hasSuffix("/") else {
      throw Fault(
        expected: "a regular expression between slashes (no folder's name begins with one)",
        found: "\"\(quotable(text))\"")
    }
    do {
      matcher = .expression(Expression(regex: try Regex(String(text.dropFirst().dropLast()))))
    } catch {
      throw Fault(expected: "a regular expression", found: "\"\(quotable(text))\", in which \(Self.reason(error))")
    }
  }

  var description: String { text }

  /// One text has one meaning.
  static func == (left: FolderPattern, right: FolderPattern) -> Bool { left.text == right.text }

  func matches(_ name: FolderName) -> Bool {
    switch matcher {
    case .wildcards(let pattern): Self.matches(pattern, Array(name.description.utf8))
    case .expression(let expression): expression.isFound(in: name.description)
    }
  }

  /// The positions in the pattern that can be reached, moved on byte by byte: no pattern takes longer than its length
  /// times the name's. INBOX is INBOX in any case, also where a pattern only begins with it; one that says less of it
  /// than its name has to say that as it is (RFC 9051 §6.3.9).
  private static func matches(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
    var reached = closure([0], pattern)
    let folded = isInbox(pattern.prefix(5)) && isInbox(name.prefix { $0 != UInt8(ascii: "/") }) ? 5 : 0
    for (index, byte) in name.enumerated() {
      let other = index < folded ? byte | 0x20 : byte
      var next: Set<Int> = []
      for position in reached where position < pattern.count {
        switch pattern[position] {
        case UInt8(ascii: "*"): next.insert(position)
        case UInt8(ascii: "%"): if byte != UInt8(ascii: "/") { next.insert(position) }
        case byte, other: next.insert(position + 1)
        default: continue
        }
      }
      reached = closure(next, pattern)
    }
    return reached.contains(pattern.count)
  }

  private static func isInbox(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.map { $0 | 0x20 }.elementsEqual("inbox".utf8)
  }

  /// A wildcard may also stand for nothing.
  private static func closure(_ positions: Set<Int>, _ pattern: [UInt8]) -> Set<Int> {
    var result = positions
    for start in positions {
      var position = start
      while position < pattern.count, "*%".utf8.contains(pattern[position]) {
        position += 1
        result.insert(position)
      }
    }
    return result
  }

  /// The parser's words without its type names.
  private static func reason(_ error: any Error) -> String { printable(String(describing: error), limit: 120) }
}

/// Regex is not Sendable, for the closures that one built in code may hold. One that was read from text holds none, and
/// nothing of it is changed after it was made.
private struct Expression: @unchecked Sendable {
  let regex: Regex<AnyRegexOutput>

  func isFound(in name: String) -> Bool { name.firstMatch(of: regex) != nil }
}
