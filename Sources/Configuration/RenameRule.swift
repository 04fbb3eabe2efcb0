import Mail

/// `remote = local`: one name, or with a `*` on both sides all names of a form. Read in either direction.
struct RenameRule: Hashable, Sendable, CustomStringConvertible {
  typealias Fault = FolderPattern.Fault

  let remote: RenamePattern
  let local: RenamePattern
  let remoteText: String
  private let localText: String

  init(remote: String, local: String) throws(Fault) {
    self.remote = try RenamePattern(remote)
    self.local = try RenamePattern(local)
    remoteText = remote
    localText = local
    switch (self.remote, self.local) {
    case (.exact, .exact), (.starred, .starred): return
    case (.exact, .starred), (.starred, .exact):
      throw Fault(
        expected: "a * on both sides or on neither, since the rule is used in both directions", found: description)
    }
  }

  /// `"[Gmail]/*" = "*"`
  var description: String { "\"\(quotable(remoteText))\" = \"\(quotable(localText))\"" }
}

/// One side of a rule.
enum RenamePattern: Hashable, Sendable {
  case exact(FolderName)
  /// What stands before and after the `*`, in written form.
  case starred(prefix: [UInt8], suffix: [UInt8])

  init(_ text: String) throws(FolderPattern.Fault) {
    let pieces = text.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
    switch pieces.count {
    case 1:
      guard let name = FolderName(text), !name.components.contains(where: { $0 == "." || $0 == ".." }) else {
        throw FolderPattern.Fault(expected: "a folder's name", found: "\"\(quotable(text))\"")
      }
      self = .exact(name)
    case 2:
      self = .starred(prefix: Array(pieces[0]), suffix: Array(pieces[1]))
      guard let name = name(star: [UInt8(ascii: "x")]), !name.components.contains(where: { $0 == "." || $0 == ".." })
      else {
        throw FolderPattern.Fault(expected: "a folder's name where * stands for one", found: "\"\(quotable(text))\"")
      }
    default:
      throw FolderPattern.Fault(
        expected: "at most one * in a name, so that it can be read in both directions",
        found: "\"\(quotable(text))\"")
    }
  }

  /// How much is said literally: of two patterns for a name, the one that says more is meant.
  var specificity: Int {
    switch self {
    case .exact: .max
    case .starred(let prefix, let suffix): prefix.count + suffix.count
    }
  }

  /// What the `*` stands for in `name`; nil where the pattern does not fit.
  func star(in name: FolderName) -> [UInt8]? {
    guard case .starred(let prefix, let suffix) = self else { return nil }
    let text = Array(name.description.utf8)
    guard text.count >= prefix.count + suffix.count, text.starts(with: prefix),
      text.suffix(suffix.count).elementsEqual(suffix)
    else { return nil }
    return Array(text.dropFirst(prefix.count).dropLast(suffix.count))
  }

  /// The name with `star` in its place; nil where that is no folder's name.
  func name(star: [UInt8]) -> FolderName? {
    guard case .starred(let prefix, let suffix) = self else { return nil }
    return FolderName(String(decoding: prefix + star + suffix, as: UTF8.self))
  }
}
