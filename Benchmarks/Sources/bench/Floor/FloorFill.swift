import Foundation
import Mail
import Support

/// The floor for a first sync: one connection, every folder's SELECT and FETCH in one write, files into tmp, one
/// `syncfs` for 256 of them, then the renames.
struct FloorFill {
  static let batchMax = 256

  private let root: String
  /// Files in tmp/ and where they go.
  private var pending: [(source: String, target: String)] = []
  /// Folders with renames that are not synced yet.
  private var touched: Set<String> = []
  private var lastNumber = 0

  /// The time from connecting to the last barrier. Blocks.
  static func run(port: UInt16, user: String, password: String, folders: [FolderName], root: String) throws -> Duration
  {
    let start = ContinuousClock.now
    var fill = FloorFill(root: root)
    try fill.fill(try Wire.loggedIn(port: port, as: user, password: password), folders)
    return ContinuousClock.now - start
  }

  private init(root: String) { self.root = root }

  private mutating func fill(_ wire: Wire, _ folders: [FolderName]) throws {
    for folder in folders { try MaildirFolder(folder, below: root).make() }
    try wire.send(
      folders.flatMap { ["SELECT \"\($0)\"", "UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])"] })
    for folder in folders {
      let path = MaildirTree.path(of: folder, below: root)
      // The SELECT's tagged answer, then the FETCH's.
      var answers = 0
      while answers < 2 {
        let response = try wire.response()
        if let message = response.literal, let fetch = FetchLine(response.text) {
          try take(message, fetch, path)
        } else if response.text.hasPrefix("t") {
          guard response.text.split(separator: " ").dropFirst().first == "OK" else {
            throw BenchError("\(folder): the server said to the floor: \(printable(response.text))")
          }
          answers += 1
        }
      }
    }
    try settle()
  }

  private mutating func take(_ message: [UInt8], _ fetch: FetchLine, _ path: String) throws {
    lastNumber += 1
    let (unique, letters) = ("1.Q\(lastNumber).floor", fetch.letters)
    let source = "\(path)/tmp/\(unique)"
    try MaildirWriter.write(
      message.lineFeedForm, to: source, secondsSince1970: fetch.secondsSince1970, synced: false)
    let isUnseen = letters.isEmpty
    pending.append((source, isUnseen ? "\(path)/new/\(unique)" : "\(path)/cur/\(unique):2,\(letters)"))
    touched.insert(isUnseen ? "\(path)/new" : "\(path)/cur")
    if pending.count >= Self.batchMax { try settle() }
  }

  private mutating func settle() throws {
    try MaildirWriter.syncFileSystem(of: root)
    for (source, target) in pending { try MaildirWriter.rename(source, to: target) }
    for folder in touched { try MaildirWriter.syncFolder(folder) }
    pending = []
    touched = []
  }
}
