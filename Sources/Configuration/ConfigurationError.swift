import Mail

/// One thing that is wrong with a configuration.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  package let file: String
  /// Counted from 1; nil where the file as a whole is meant.
  package let line: Int?
  /// Dotted, as TOML writes it.
  package let key: String?
  package let expected: String
  /// Never a password (law L13).
  package let found: String?
  /// Where that is what is wrong: the file with a password that others can read.
  package let openSecret: String?
  /// The system refuses this process the file as a whole.
  package let isForbidden: Bool

  package init(
    file: String, line: Int? = nil, key: String? = nil, expected: String, found: String? = nil,
    openSecret: String? = nil, isForbidden: Bool = false
  ) {
    self.openSecret = openSecret
    self.isForbidden = isForbidden
    self.file = file
    self.line = line
    self.key = key
    self.expected = expected
    self.found = found
  }

  /// `FILE:LINE: KEY: expected …, found …`
  package var description: String {
    var text = printable(file)
    if let line { text += ":\(line)" }
    if let key { text += ": \(key)" }
    text += ": expected \(expected)"
    if let found { text += ", found \(found)" }
    return text
  }
}

/// Everything that is wrong with a configuration, in the order of the file; never empty.
package struct ConfigurationErrors: Error, Hashable, Sendable, CustomStringConvertible {
  package let errors: [ConfigurationError]

  package init(_ errors: [ConfigurationError]) {
    precondition(!errors.isEmpty, "an error says at least one thing")
    self.errors = errors
  }

  /// One line for each.
  package var description: String { errors.map(\.description).joined(separator: "\n") }
}

/// Collects what is wrong, with the lines of the keys.
final class Complaints {
  let file: String
  private let lines: KeyLines
  private var errors: [ConfigurationError] = []

  init(file: String, lines: KeyLines) {
    self.file = file
    self.lines = lines
  }

  func add(_ path: [String], expected: String, found: String?, openSecret: String? = nil) {
    errors.append(
      ConfigurationError(
        file: file, line: lines.line(of: path), key: path.isEmpty ? nil : KeyLines.written(path), expected: expected,
        found: found,
        openSecret: openSecret))
  }

  func throwIfAny() throws(ConfigurationErrors) {
    guard !errors.isEmpty else { return }
    let ordered = errors.enumerated().sorted { left, right in
      (left.element.line ?? 0, left.offset) < (right.element.line ?? 0, right.offset)
    }
    throw ConfigurationErrors(ordered.map(\.element))
  }
}
