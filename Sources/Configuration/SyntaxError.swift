import Mail
import TOMLKit

/// Why a text is no TOML, in the parser's words without what they quote of a value: it may be a password, whatever its
/// key is called (law L13).
struct SyntaxError {
  private let line: Int
  private let words: String
  private let isOfPassword: Bool
  /// That of the password, where it can be told.
  private let key: String?

  init(_ error: TOMLParseError, in text: String) {
    line = error.source.begin.line
    words = error.description
    // Bytes: to a String, "\r\n" is one character.
    let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).prefix(line)
    var scanner = KeyScanner(Array(lines.joined(separator: "\n".utf8)))
    var path: [String] = []
    scanner.scanDocument { found, _ in path = found }
    key = path.firstIndex { $0.contains("password") }.map { KeyLines.written(Array(path[...$0])) }
    isOfPassword = key != nil || lines.last.map { String(decoding: $0, as: UTF8.self).contains("password") } ?? false
  }

  func told(of file: String) -> ConfigurationError {
    guard isOfPassword else {
      return ConfigurationError(file: file, line: line, expected: "TOML", found: printable(reason))
    }
    return ConfigurationError(
      file: file, line: line, key: key, expected: "TOML, where a text stands in quotes and a key only once",
      found: "an error in this line")
  }

  /// Of "Error while parsing WHAT: REASON, saw TEXT", in which TEXT is the file's, and so is a REASON's beginning in
  /// quotes: "'123…' is not representable in 64 bits".
  private var reason: String {
    let told = words.replacing("Error while parsing ", with: "an error in ")
    let kept = told.firstRange(of: ", saw ").map { told[..<$0.lowerBound] } ?? told[...]
    guard let open = kept.firstRange(of: ": '"), let close = kept.lastIndex(of: "'"), close >= open.upperBound else {
      return String(kept)
    }
    return kept[..<open.lowerBound] + ": a value" + kept[kept.index(after: close)...]
  }
}
