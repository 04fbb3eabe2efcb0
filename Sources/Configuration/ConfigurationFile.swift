import Glibc
import Mail
import TOMLKit

extension Configuration {
  /// Reads and checks the whole file; tells everything that is wrong at once.
  package static func load(_ paths: Paths) throws(ConfigurationErrors) -> Configuration {
    let file = paths.configurationFile
    let bytes: [UInt8]
    switch DiskPath.contents(file) {
    case .success(let content): bytes = content
    case .failure(let failure) where failure.isNotFound:
      throw single(file, nil, expected: "a configuration; there is no such file. \(firstSteps)")
    case .failure(let failure):
      throw single(
        file, nil, expected: "a configuration that can be read: \(failure.text)", isForbidden: failure.code == EACCES)
    }
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw single(file, lineOfFirstFault(bytes), expected: "UTF-8 text", found: "other bytes")
    }
    return try parse(text, file: file, home: paths.home, stateDirectory: paths.stateDirectory)
  }

  /// - Parameters:
  ///   - file: for messages, as the base of relative paths, and for who may read it.
  ///   - home: what `~` stands for.
  ///   - stateDirectory: where no Maildir may be; nil where that is not known.
  package static func parse(
    _ text: String, file: String, home: String?, stateDirectory: String? = nil
  ) throws(ConfigurationErrors) -> Configuration {
    let root: TOMLTable
    do {
      root = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw ConfigurationErrors([SyntaxError(error, in: text).told(of: file)])
    } catch {
      throw single(file, nil, expected: "TOML", found: "what the parser cannot read")
    }
    let lines = KeyLines(text)
    let complaints = Complaints(file: file, lines: lines)
    // The parser hands out C strings: what comes behind a NUL would be missing without a word.
    for path in lines.withNUL { complaints.add(path, expected: "text without NUL", found: "control characters") }
    try complaints.throwIfAny()
    var reader = TableReader(root, path: [], complaints: complaints)
    var accounts: [AccountConfiguration] = []
    if let table = reader.table("accounts") {
      let places = PlaceReader(home: home, base: DiskPath.directory(of: file))
      // In the file's order, which the parser does not keep.
      let inOrder = lines.keys(in: ["accounts"]).filter(table.keys.contains)
      let names = inOrder + table.keys.filter { !inOrder.contains($0) }
      accounts = names.compactMap { AccountReader(places: places).account($0, in: table) }
      DirectoryOverlap.check(accounts, stateDirectory: stateDirectory, complaints)
      if names.isEmpty {
        complaints.add(["accounts"], expected: "at least one account, [accounts.NAME]", found: "none")
      }
    } else if !reader.has("accounts") {
      complaints.add([], expected: "at least one account, [accounts.NAME]", found: "none")
    }
    reader.finish()
    try complaints.throwIfAny()
    return Configuration(accounts: accounts)
  }

  private static let firstSteps = """
    Begin with these lines, and see martlet.toml(5) for the rest:

      [accounts.personal.remote]
      host = "imap.example.org"
      user = "me@example.org"
      password_command = "pass show mail/me"

      [accounts.personal.local]
      path = "~/Mail/personal"

    """

  private static func single(
    _ file: String, _ line: Int?, expected: String, found: String? = nil, isForbidden: Bool = false
  ) -> ConfigurationErrors {
    ConfigurationErrors([
      ConfigurationError(file: file, line: line, expected: expected, found: found, isForbidden: isForbidden)
    ])
  }

  /// Where the text stops being UTF-8, or holds a NUL.
  private static func lineOfFirstFault(_ bytes: [UInt8]) -> Int {
    var line = 1
    for piece in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
      if piece.contains(0) || String(validating: piece, as: UTF8.self) == nil { break }
      line += 1
    }
    return line
  }
}
