import Mail
import Support

/// What both sides must hold in the end: a test's changes, applied to a dictionary. Messages are known by their bytes,
/// of which no two in a folder are the same.
struct ExpectedMail: Sendable {
  private(set) var folders: [FolderName: [[UInt8]: FlagSet]] = [:]

  init(_ folders: [FolderName] = []) {
    for folder in folders { add(folder) }
  }

  mutating func add(_ folder: FolderName) { folders[folder, default: [:]] = folders[folder] ?? [:] }
  mutating func remove(_ folder: FolderName) { folders[folder] = nil }

  mutating func add(_ bytes: [UInt8], to folder: FolderName, flags: FlagSet = .none) {
    folders[folder, default: [:]][bytes.lineFeedForm] = flags
  }

  mutating func remove(_ bytes: [UInt8], from folder: FolderName) {
    folders[folder]?[bytes.lineFeedForm] = nil
  }

  mutating func change(_ bytes: [UInt8], in folder: FolderName, _ change: (inout FlagSet) -> Void) {
    guard var flags = folders[folder]?[bytes.lineFeedForm] else { preconditionFailure("no such message in \(folder)") }
    change(&flags)
    folders[folder]?[bytes.lineFeedForm] = flags
  }

  mutating func move(_ bytes: [UInt8], from source: FolderName, to target: FolderName) {
    folders[target, default: [:]][bytes.lineFeedForm] = folders[source]?.removeValue(forKey: bytes.lineFeedForm)
  }

  mutating func rename(_ folder: FolderName, to name: FolderName) {
    folders[name] = folders.removeValue(forKey: folder)
  }

  func messages(in folder: FolderName) -> [[UInt8]: FlagSet] { folders[folder] ?? [:] }

  mutating func put(_ messages: [[UInt8]: FlagSet], into folder: FolderName) {
    folders[folder, default: [:]].merge(messages) { _, new in new }
  }

  var messageCount: Int { folders.values.reduce(0) { $0 + $1.count } }

  /// What the server has otherwise, one sentence each.
  func differences(from tree: [FolderName: [MailClient.Message]]) -> [String] {
    var result: [String] = []
    for folder in Set(folders.keys).union(tree.keys).sorted() {
      guard let wanted = folders[folder] else {
        result.append("\(folder) should not be there, with \(tree[folder]?.count ?? 0) messages")
        continue
      }
      guard let found = tree[folder] else {
        result.append("\(folder) is missing, with \(wanted.count) messages")
        continue
      }
      var left = wanted
      for message in found {
        guard let flags = left.removeValue(forKey: message.bytes.lineFeedForm) else {
          result.append("\(folder): one too many, UID \(message.uid)")
          continue
        }
        if flags != message.flags {
          result.append("\(folder): UID \(message.uid) has (\(message.flags)) and should have (\(flags))")
        }
      }
      if !left.isEmpty { result.append("\(folder): \(left.count) messages are missing") }
    }
    return result
  }

  /// What a Maildir has otherwise, one sentence each; a file that is renamed while it is read is one.
  func differences(from maildir: MaildirTree) -> [String] {
    do {
      return differences(from: try Self.messages(in: maildir))
    } catch {
      return ["the Maildir changed while it was read: \(error)"]
    }
  }

  /// As if a server had them.
  private static func messages(in maildir: MaildirTree) throws -> [FolderName: [MailClient.Message]] {
    var number: UInt32 = 0
    var tree: [FolderName: [MailClient.Message]] = [:]
    for (folder, entries) in maildir.folders {
      tree[folder] = try entries.map { entry in
        number += 1
        guard let uid = UID(rawValue: number) else { preconditionFailure("counted from 1") }
        return MailClient.Message(
          uid: uid, flags: entry.flags, internalDate: try entry.date(), bytes: try entry.bytes())
      }
    }
    return tree
  }
}
