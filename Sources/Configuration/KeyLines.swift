/// On which line each key of a TOML text stands, since the parser does not tell.
///
/// Read for positions only, from a text that the parser has accepted: what is no TOML ends the scan somewhere, nothing
/// worse. An element of an array has its array's path and its number.
struct KeyLines {
  private var lines: [[String]: Int] = [:]
  /// Paths as they first appear, tables that are only implied before what implies them.
  private(set) var paths: [[String]] = []
  /// Keys, and the paths of values, with a NUL in them.
  private(set) var withNUL: [[String]] = []

  init(_ text: String) {
    var scanner = KeyScanner(Array(text.utf8))
    scanner.scanDocument { path, line in
      for length in path.indices.map({ $0 + 1 }) {
        let key = Array(path.prefix(length))
        guard lines[key] == nil else { continue }
        lines[key] = line
        paths.append(key)
      }
    }
    withNUL = scanner.withNUL
  }

  /// The key's line, or where the key is not there, that of the nearest table around it.
  func line(of path: [String]) -> Int? {
    var path = path
    while !path.isEmpty {
      if let line = lines[path] { return line }
      path.removeLast()
    }
    return nil
  }

  /// The keys directly in the table `path`, in the order of the file.
  func keys(in path: [String]) -> [String] {
    paths.filter { $0.count == path.count + 1 && $0.starts(with: path) }.compactMap(\.last)
  }

  /// Dotted, quoted where TOML asks for it.
  static func written(_ path: [String]) -> String {
    path.map { key in
      let isBare = !key.isEmpty && key.utf8.allSatisfy(isBareKeyCharacter)
      return isBare ? key : "\"\(quotable(key))\""
    }.joined(separator: ".")
  }
}
