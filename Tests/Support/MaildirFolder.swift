import Foundation
import Glibc
package import Mail
import Synchronization

/// One folder of a Maildir, changed as other programs change it: procmail, neomutt, plain `mv` and `rm`.
package struct MaildirFolder: Sendable {
  package let path: String

  private static let counter = Atomic<Int>(0)

  package init(path: String) { self.path = path }

  package init(_ folder: FolderName, below root: String, layout: MaildirTree.Layout = .nested) {
    path = MaildirTree.path(of: folder, below: root, layout: layout)
  }

  /// Makes the folder with `cur`, `new` and `tmp`, as `maildirmake` does.
  package func make() throws {
    for name in ["tmp", "new", "cur"] {
      try FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
    }
  }

  package func remove() throws { try FileManager.default.removeItem(atPath: path) }

  /// Delivers to `new/` by tmp and rename, as procmail does; gives the unique name.
  @discardableResult
  package func deliver(_ message: [UInt8], date: InternalDate? = nil, named unique: String? = nil) throws -> String {
    let unique = unique ?? Self.uniqueName()
    try write(message, date: date, as: unique)
    try rename("tmp/" + unique, to: "new/" + unique)
    return unique
  }

  /// Delivers as programs do that fetch a batch: each message written to `tmp/` and dated, then all renamed.
  package func deliver(contentsOf messages: [(bytes: [UInt8], date: InternalDate)]) throws {
    let uniques = try messages.map { message in
      let unique = Self.uniqueName()
      try write(message.bytes, date: message.date, as: unique)
      return unique
    }
    for unique in uniques { try rename("tmp/" + unique, to: "new/" + unique) }
  }

  /// Puts a message with flags into `cur/`, as mail readers file a sent message.
  @discardableResult
  package func file(_ message: [UInt8], letters: String = "S", date: InternalDate? = nil) throws -> String {
    let unique = Self.uniqueName()
    try write(message, date: date, as: unique)
    try rename("tmp/" + unique, to: "cur/\(unique):2,\(letters)")
    return unique
  }

  /// Gives a message other flags by a rename, from wherever it is into `cur/`.
  package func setLetters(_ letters: String, of unique: String) throws {
    try onFile(of: unique, "renaming") { name in
      unsafe Glibc.rename(path + "/" + name, path + "/cur/\(unique):2,\(String(letters.sorted()))")
    }
  }

  /// Adds one keyword, with a letter in `dovecot-keywords` where it has none yet.
  package func add(_ keyword: Keyword, to unique: String) throws {
    let letter = try KeywordLetters.letter(of: keyword, in: path)
    let letters = try name(of: unique).components(separatedBy: ":2,").dropFirst().first ?? ""
    try setLetters(letters + String(letter), of: unique)
  }

  /// Puts flags and keywords on a message, or takes them off; the others stay as `entry` shows them.
  package func change(_ flags: FlagSet, isOn: Bool, of entry: MaildirTree.Entry) throws {
    var changed = KeywordLetters.systemFlags.filter { flags.system.contains($0.value) }.map(\.key)
    for keyword in flags.keywords {
      changed.append(keyword == .forwarded ? "P" : try KeywordLetters.letter(of: keyword, in: path))
    }
    let letters = Set(entry.letters)
    try setLetters(String(isOn ? letters.union(changed) : letters.subtracting(changed)), of: entry.unique)
  }

  package func unlink(_ unique: String) throws {
    try onFile(of: unique, "unlinking") { name in unsafe Glibc.unlink(path + "/" + name) }
  }

  /// `mv`: the file keeps its name, letters included.
  package func move(_ unique: String, to target: MaildirFolder) throws {
    try onFile(of: unique, "moving to \(target.path)") { name in
      unsafe Glibc.rename(path + "/" + name, target.path + "/" + name)
    }
  }

  /// Saves a copy as neomutt does: another unique name, a Content-Length header, link and unlink in place of a rename,
  /// the date set last. The original goes later, at neomutt's sync: `unlink`.
  @discardableResult
  package func saveAsNeomutt(_ unique: String, to target: MaildirFolder) throws -> String {
    let file = try path(of: unique)
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
    let letters = file.components(separatedBy: ":2,").dropFirst().last?.filter(\.isUppercase)
    let copy = Self.uniqueName()
    try target.write(Self.withContentLength(bytes), date: nil, as: copy)
    let name = letters.map { "cur/\(copy):2,\($0)" } ?? "new/" + copy
    guard unsafe link(target.path + "/tmp/" + copy, target.path + "/" + name) == 0 else {
      throw SupportError.system("link \(name)", code: errno)
    }
    try target.unlink("tmp/", copy)
    var status = stat()
    guard unsafe stat(file, &status) == 0 else { throw SupportError.system("stat \(file)", code: errno) }
    try Self.set(InternalDate(secondsSince1970: Int64(status.st_mtim.tv_sec)), of: target.path + "/" + name)
    return copy
  }

  /// Where the message's file is now.
  package func path(of unique: String) throws -> String { path + "/" + (try name(of: unique)) }

  /// Does `call` to the file's name; again with its next name, where another program renamed it in between.
  private func onFile(of unique: String, _ what: String, _ call: (String) -> Int32) throws {
    var name = try name(of: unique)
    while call(name) != 0 {
      let code = errno
      let next = try self.name(of: unique)
      guard code == ENOENT, next != name else { throw SupportError.system("\(what) \(path)/\(name)", code: code) }
      name = next
    }
  }

  /// Relative to the folder.
  private func name(of unique: String) throws -> String {
    guard let file = try MaildirTree.path(of: unique, in: path) else {
      throw SupportError("\(path): no message \(unique)")
    }
    return String(file.dropFirst(path.count + 1))
  }

  private func write(_ message: [UInt8], date: InternalDate?, as unique: String) throws {
    let file = path + "/tmp/" + unique
    try Inheritance.write(message.lineFeedForm, to: file)
    if let date { try Self.set(date, of: file) }
  }

  private func rename(_ source: String, to target: String) throws {
    guard unsafe Glibc.rename(path + "/" + source, path + "/" + target) == 0 else {
      throw SupportError.system("renaming \(source) to \(target) in \(path)", code: errno)
    }
  }

  private func unlink(_ directory: String, _ name: String) throws {
    guard unsafe Glibc.unlink(path + "/" + directory + name) == 0 else {
      throw SupportError.system("unlink \(directory)\(name) in \(path)", code: errno)
    }
  }

  private static func set(_ date: InternalDate, of file: String) throws {
    let time = timespec(tv_sec: Int(date.secondsSince1970), tv_nsec: 0)
    guard unsafe utimensat(AT_FDCWD, file, [time, time], 0) == 0 else {
      throw SupportError.system("utime \(file)", code: errno)
    }
  }

  private static func withContentLength(_ message: [UInt8]) -> [UInt8] {
    var previous: UInt8 = 0
    for (index, byte) in message.enumerated() {
      if byte == 0x0A, previous == 0x0A {
        let body = message.count - index - 1
        return message[..<index] + Array("Content-Length: \(body)\n".utf8) + message[index...]
      }
      previous = byte
    }
    return message
  }

  private static func uniqueName() -> String {
    let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
    return "\(time(nil)).M\(number)P\(getpid())Q\(number).other-program"
  }
}
