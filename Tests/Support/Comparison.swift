package import Mail

/// Whether a server and a Maildir hold the same mail, message by message; where not, what differs, in words.
package struct Comparison: Sendable, CustomStringConvertible {
  /// What is not looked at.
  package struct Aspects: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }
    package static let dates = Aspects(rawValue: 1)
    package static let keywords = Aspects(rawValue: 2)
    package static let flags = Aspects(rawValue: 4)
    /// Folders that hold nothing and are on one side only.
    package static let emptyFolders = Aspects(rawValue: 8)
  }

  /// One sentence each, in the order of folders.
  package let differences: [String]
  package var isEqual: Bool { differences.isEmpty }

  package var description: String {
    let shown = differences.prefix(Self.shownMax).joined(separator: "\n")
    return isEqual
      ? "no difference"
      : shown + (differences.count > Self.shownMax ? "\n… and \(differences.count - Self.shownMax) more" : "")
  }

  private static let shownMax = 30

  package init(
    _ client: MailClient, _ root: String, layout: MaildirTree.Layout = .nested, ignoring: Aspects = []
  ) async throws {
    try self.init(
      server: await client.tree(), maildir: MaildirTree(reading: root, layout: layout), ignoring: ignoring)
  }

  package init(
    server: [FolderName: [MailClient.Message]], maildir: MaildirTree, ignoring: Aspects = []
  ) throws {
    var differences: [String] = []
    for folder in Set(server.keys).union(maildir.folders.keys).sorted() {
      switch (server[folder], maildir.folders[folder]) {
      case (let messages?, nil):
        if ignoring.contains(.emptyFolders), messages.isEmpty { continue }
        differences.append("\(folder): only on the server, with \(messages.count) messages")
      case (nil, let entries?):
        if ignoring.contains(.emptyFolders), entries.isEmpty { continue }
        differences.append("\(folder): only in the Maildir, with \(entries.count) messages")
      case (let messages?, let entries?):
        differences += try Self.differences(in: folder, messages, entries, ignoring).map { "\(folder): \($0)" }
      case (nil, nil):
        preconditionFailure("the folder came from one of the two")
      }
    }
    self.differences = differences
  }

  /// One side of a message, as far as it is compared.
  private struct Copy {
    let label: String
    let flags: FlagSet
    let date: InternalDate?

    func isSame(as other: Copy) -> Bool { flags == other.flags && date == other.date }
  }

  private static func differences(
    in folder: FolderName, _ messages: [MailClient.Message], _ entries: [MaildirTree.Entry], _ ignoring: Aspects
  ) throws -> [String] {
    var differences: [String] = []
    var onServer: [[UInt8]: [Copy]] = [:]
    for message in messages {
      onServer[message.bytes.lineFeedForm, default: []].append(
        Copy(
          label: "UID \(message.uid)", flags: visible(message.flags, ignoring),
          date: ignoring.contains(.dates) ? nil : message.internalDate))
    }
    var onDisk: [[UInt8]: [Copy]] = [:]
    for entry in entries {
      if !entry.unknownLetters.isEmpty, !ignoring.contains(.keywords) {
        differences.append("\(entry.unique) has letters that mean nothing: \(entry.unknownLetters)")
      }
      onDisk[try entry.bytes(), default: []].append(
        Copy(
          label: entry.unique, flags: visible(entry.flags, ignoring),
          date: ignoring.contains(.dates) ? nil : try entry.date()))
    }
    for (bytes, copies) in onServer {
      differences += pairUp(copies, onDisk.removeValue(forKey: bytes) ?? [], title(of: bytes))
    }
    for (bytes, copies) in onDisk { differences += pairUp([], copies, title(of: bytes)) }
    return differences.sorted()
  }

  /// Pairs copies of the same bytes, equal ones first, and tells what is left.
  private static func pairUp(_ onServer: [Copy], _ onDisk: [Copy], _ title: String) -> [String] {
    var onDisk = onDisk
    let unpaired = onServer.filter { copy in
      guard let index = onDisk.firstIndex(where: copy.isSame(as:)) else { return true }
      onDisk.remove(at: index)
      return false
    }
    var result = zip(unpaired, onDisk).map { server, disk in
      var parts: [String] = []
      if server.flags != disk.flags { parts.append("flags (\(server.flags)) and (\(disk.flags))") }
      if let one = server.date, let other = disk.date, one != other { parts.append("dates \(one) and \(other)") }
      return "\(title): \(server.label) on the server and \(disk.label) differ: " + parts.joined(separator: "; ")
    }
    result += unpaired.dropFirst(onDisk.count).map { "\(title): only on the server, \($0.label)" }
    result += onDisk.dropFirst(unpaired.count).map { "\(title): only in the Maildir, \($0.label)" }
    return result
  }

  private static func visible(_ flags: FlagSet, _ ignoring: Aspects) -> FlagSet {
    if ignoring.contains(.flags) { return .none }
    return ignoring.contains(.keywords) ? FlagSet(flags.system) : flags
  }

  /// How a message is called in a sentence.
  private static func title(of bytes: [UInt8]) -> String {
    let head = String(decoding: bytes.prefix(4_096), as: UTF8.self)
    let subject = head.split(separator: "\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }
      .first { $0.lowercased().hasPrefix("subject:") }
    return "'\(printable(subject?.dropFirst(8).drop { $0 == " " } ?? "no subject", limit: 60))' of \(bytes.count) bytes"
  }
}
