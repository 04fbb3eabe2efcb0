import Glibc
import Mail

/// Which message is which file in one folder of a Maildir, by Message-ID.
struct Inventory {
  let folder: String
  /// By Message-ID.
  private(set) var paths: [String: String] = [:]
  /// What was read before, by unique name: bytes never change under a name.
  private var known: [Substring: String] = [:]

  init(of folder: String) { self.folder = folder }

  /// Looks at the folder as it is now.
  mutating func refresh() throws {
    var paths: [String: String] = [:]
    for directory in ["new", "cur"] {
      for name in try Self.names(in: "\(folder)/\(directory)") {
        let path = "\(folder)/\(directory)/\(name)"
        let unique = Self.unique(of: name)
        guard let messageID = try known[unique] ?? MessageHead.messageID(ofFile: path) else { continue }
        known[unique] = messageID
        paths[messageID] = path
      }
    }
    self.paths = paths
  }

  /// A file name without its flags.
  static func unique(of name: some StringProtocol) -> Substring { Substring(name).prefix { $0 != ":" } }

  /// The letters behind `:2,`.
  static func letters(of path: String) -> Substring {
    guard let mark = path.firstRange(of: ":2,") else { return "" }
    return path[mark.upperBound...]
  }

  private static func names(in path: String) throws -> [String] {
    guard let directory = unsafe opendir(path) else { throw BenchError.system("reading \(path)") }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }
}

/// The first bytes of a message, as far as its Message-ID.
enum MessageHead {
  /// So many bytes hold the Message-ID of our sample mail, with what a delivery puts before it.
  private static let length = 8_192

  /// Nil where the file is gone, or has none.
  static func messageID(ofFile path: String) throws -> String? {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT { return nil }
      throw BenchError.system("opening \(path)")
    }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: length)
    let count = unsafe read(file, &bytes, bytes.count)
    return messageID(in: bytes.prefix(max(0, count)))
  }

  static func messageID(in bytes: some Sequence<UInt8>) -> String? {
    // Latin-1 keeps every byte a character; the field itself is ASCII.
    for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
      if line.isEmpty || line.elementsEqual([0x0D]) { return nil }
      guard line.count > 11, line.first.map({ $0 | 0x20 }) == UInt8(ascii: "m") else { continue }
      let text = String(decoding: line, as: UTF8.self)
      if text.lowercased().hasPrefix("message-id:") {
        return String(text.dropFirst(11).drop { $0 == " " }.prefix { $0 != "\r" && $0 != "\r\n" })
      }
    }
    return nil
  }
}
