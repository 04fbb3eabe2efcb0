/// A folder's name as martlet speaks of it everywhere: UTF-8 components, whatever delimiter and encoding a store uses.
///
/// Written, the components are joined by `/`; a `/` inside a component is written `%2F`, and a `%` that would read as
/// such an escape `%25`, so that writing and reading are inverse. `INBOX` in any case is `INBOX` (RFC 9051 §5.1).
///
/// Two names are the same only where their bytes are: a server and a file system tell an `é` from an `e` with an accent
/// behind it, which Swift's `==` does not.
package struct FolderName: Hashable, Comparable, Sendable {
  package let components: [String]

  /// Most components, and most UTF-8 bytes in all, that a name may have: what a Linux path can carry.
  package static let depthMax = 64
  package static let lengthMax = 1024

  package static let inbox = FolderName(unchecked: ["INBOX"])

  /// Nil for no components, an empty one, a NUL, or a name beyond the limits.
  package init?(components: [String]) {
    guard (1...Self.depthMax).contains(components.count),
      components.allSatisfy({ !$0.isEmpty && !$0.utf8.contains(0) }),
      components.reduce(0, { $0 + $1.utf8.count + 1 }) <= Self.lengthMax
    else { return nil }
    var components = components
    if components[0].utf8.count == 5, components[0].uppercased() == "INBOX" { components[0] = "INBOX" }
    self.components = components
  }

  /// Reads the written form; nil where it names no folder.
  package init?(_ written: String) {
    // Of bytes, not of characters: an accent behind the slash would make one character with it.
    let pieces = written.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    self.init(components: pieces.map { Self.unescaped(Substring($0)) })
  }

  package var isInbox: Bool { self == .inbox }
  package var parent: FolderName? {
    components.count > 1 ? FolderName(unchecked: Array(components.dropLast())) : nil
  }

  package func isBelow(_ other: FolderName) -> Bool {
    components.count > other.components.count
      && zip(components, other.components).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
  }

  package static func == (left: FolderName, right: FolderName) -> Bool {
    left.components.elementsEqual(right.components) { $0.utf8.elementsEqual($1.utf8) }
  }

  package static func < (left: FolderName, right: FolderName) -> Bool {
    left.components.lexicographicallyPrecedes(right.components) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private init(unchecked components: [String]) { self.components = components }

  private static func unescaped(_ text: Substring) -> String {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
    return String(text).replacingEscape("%2F", with: "/").replacingEscape("%25", with: "%")
  }

  fileprivate static func escaped(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "/") }) else { return text }
    return text.replacingEscape("%25", with: "%2525").replacingEscape("%2F", with: "%252F")
      .replacingEscape("/", with: "%2F")
  }
}

extension FolderName: CustomStringConvertible {
  package var description: String { components.map(Self.escaped).joined(separator: "/") }
}

extension String {
  /// Every occurrence of `pattern`, left to right, replaced.
  fileprivate func replacingEscape(_ pattern: String, with replacement: String) -> String {
    var result: [UInt8] = []
    let source = Array(utf8)
    let wanted = Array(pattern.utf8)
    var index = 0
    while index < source.count {
      if source[index...].starts(with: wanted) {
        result.append(contentsOf: replacement.utf8)
        index += wanted.count
      } else {
        result.append(source[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
