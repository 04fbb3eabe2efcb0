import Foundation
import Glibc
package import Mail

/// What lies in a Maildir at one moment: every folder with the names of its files. Bytes and dates are read when asked.
///
/// Independent of martlet's own Maildir code, on purpose.
package struct MaildirTree: Sendable {
  package enum Layout: CaseIterable, Sendable {
    /// Folder `A/B` is `ROOT/A/B`.
    case nested
    /// INBOX is ROOT, and folder `A/B` is `ROOT/.A.B` in modified UTF-7.
    case maildirPlusPlus
  }

  /// One message file.
  package struct Entry: Hashable, Sendable {
    /// The name up to the info part.
    package let unique: String
    /// The letters behind `:2,` as they are.
    package let letters: String
    /// With the keywords that the folder's `dovecot-keywords` names; `P` is `$Forwarded`.
    package let flags: FlagSet
    /// Letters that stand for nothing: unknown, or without a line in `dovecot-keywords`.
    package let unknownLetters: String
    package let isInNew: Bool
    package let path: String

    /// As on disk, with LF. Throws `Gone` where the file is no more.
    package func bytes() throws -> [UInt8] {
      try wherever { path in
        do {
          return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch CocoaError.fileReadNoSuchFile {
          return nil
        }
      }
    }

    /// The modification time, in whole seconds. Throws `Gone` where the file is no more.
    package func date() throws -> InternalDate {
      try wherever { path in
        var status = stat()
        if unsafe stat(path, &status) == 0 { return InternalDate(secondsSince1970: Int64(status.st_mtim.tv_sec)) }
        guard errno == ENOENT else { throw SupportError.system("stat \(path)", code: errno) }
        return nil
      }
    }

    /// What `read` gives of the file, under whatever name others have given it since the tree was read.
    private func wherever<Result>(_ read: (String) throws -> Result?) throws -> Result {
      if let result = try read(path) { return result }
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().deletingLastPathComponent().path
      // Twice in a row may somebody rename it between our look and our reading; not a hundred times.
      for _ in 0..<100 {
        guard let path = try MaildirTree.path(of: unique, in: folder) else { break }
        if let result = try read(path) { return result }
      }
      throw Gone(path: path)
    }
  }

  /// A message's file was removed after the tree was read.
  package struct Gone: Error, CustomStringConvertible {
    let path: String
    package var description: String { "\(path) is gone" }
  }

  /// Ascending by unique name. A folder without messages is there too.
  package let folders: [FolderName: [Entry]]

  package init(reading root: String, layout: Layout = .nested) throws {
    var folders: [FolderName: [Entry]] = [:]
    for (name, path) in try Self.folderPaths(below: root, layout) {
      folders[name] = try Self.entries(of: path)
    }
    self.folders = folders
  }

  /// A folder's messages; none where it is not there.
  package subscript(folder: FolderName) -> [Entry] { folders[folder] ?? [] }

  package var messageCount: Int { folders.values.reduce(0) { $0 + $1.count } }

  /// Where the folder is, or would be.
  package static func path(of folder: FolderName, below root: String, layout: Layout = .nested) -> String {
    switch layout {
    case .nested: root + "/" + folder.components.joined(separator: "/")
    case .maildirPlusPlus where folder.isInbox: root
    case .maildirPlusPlus:
      root + "/." + folder.components.map(MailboxNameEncoding.encode).joined(separator: ".")
    }
  }

  private static func folderPaths(below root: String, _ layout: Layout) throws -> [(FolderName, String)] {
    switch layout {
    case .nested:
      return try nested(below: root, [])
    case .maildirPlusPlus:
      var result = isMaildir(root) ? [(FolderName.inbox, root)] : []
      for name in try names(in: root) where name.hasPrefix(".") && isMaildir(root + "/" + name) {
        let components = name.dropFirst().split(separator: ".").map {
          MailboxNameEncoding.decode(String($0)) ?? String($0)
        }
        guard let folder = FolderName(components: components) else {
          throw SupportError("\(root)/\(name) names no folder")
        }
        result.append((folder, root + "/" + name))
      }
      return result
    }
  }

  private static func nested(below path: String, _ components: [String]) throws -> [(FolderName, String)] {
    var result: [(FolderName, String)] = []
    for name in try names(in: path) where !name.hasPrefix(".") && !["cur", "new", "tmp"].contains(name) {
      let below = path + "/" + name
      // Not one either where it is gone by now.
      var isDirectory: ObjCBool = false
      guard unsafe FileManager.default.fileExists(atPath: below, isDirectory: &isDirectory), isDirectory.boolValue
      else {
        continue
      }
      if isMaildir(below) {
        guard let folder = FolderName(components: components + [name]) else {
          throw SupportError("\(below) names no folder")
        }
        result.append((folder, below))
      }
      result += try nested(below: below, components + [name])
    }
    return result
  }

  private static func isMaildir(_ path: String) -> Bool {
    ["cur", "new", "tmp"].allSatisfy { FileManager.default.fileExists(atPath: path + "/" + $0) }
  }

  private static func entries(of path: String) throws -> [Entry] {
    let keywords = try KeywordLetters(reading: path)
    // A message that moves from new/ to cur/ while we look shows up in both or in neither; `new` first gives both.
    var entries: [String: Entry] = [:]
    for directory in ["new", "cur"] {
      for name in try names(in: path + "/" + directory) where !name.hasPrefix(".") {
        let entry = entry(name, in: path + "/" + directory, isInNew: directory == "new", keywords)
        entries[entry.unique] = entry
      }
    }
    return entries.values.sorted { $0.unique < $1.unique }
  }

  private static func entry(_ name: String, in directory: String, isInNew: Bool, _ keywords: KeywordLetters) -> Entry {
    let parts = name.components(separatedBy: ":2,")
    let letters = parts.count > 1 ? parts[1] : ""
    var flags = FlagSet.none
    var unknown = ""
    for letter in letters {
      if let system = KeywordLetters.systemFlags[letter] {
        flags.system.insert(system)
      } else if let keyword = letter == "P" ? .forwarded : keywords[letter] {
        flags.insert(keyword)
      } else {
        unknown.append(letter)
      }
    }
    return Entry(
      unique: parts[0], letters: letters, flags: flags, unknownLetters: unknown, isInNew: isInNew,
      path: directory + "/" + name)
  }

  /// Where the message lies at this moment, in `new` or `cur` of the folder at `path`.
  static func path(of unique: String, in path: String) throws -> String? {
    // From `new` to `cur` is the way a message goes; one that comes back is met by the second round.
    for directory in ["new", "cur", "new", "cur"] {
      let name = try names(in: path + "/" + directory).first { $0 == unique || $0.hasPrefix(unique + ":") }
      if let name { return path + "/" + directory + "/" + name }
    }
    return nil
  }

  /// None where the folder is gone: it went while we looked.
  private static func names(in path: String) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path)
    } catch CocoaError.fileReadNoSuchFile {
      return []
    }
  }
}
