package import Mail

extension MailClient {
  package struct FolderStatus: Hashable, Sendable {
    package let messages: Int
    package let unseen: Int
    package let uidNext: UID?
    package let uidValidity: UIDValidity
    /// Nil where the server does not tell it.
    package let highestModSequence: ModSequence?
  }

  package func select(_ folder: FolderName) throws {
    noteSelected(nil)
    try require("SELECT \(wireName(folder))")
    noteSelected(folder)
  }

  package func create(_ folder: FolderName) throws { try require("CREATE \(wireName(folder))") }

  package func delete(_ folder: FolderName) throws {
    if selected == folder { try select(.inbox) }
    try require("DELETE \(wireName(folder))")
  }

  package func rename(_ folder: FolderName, to name: FolderName) throws {
    if selected == folder { try select(.inbox) }
    try require("RENAME \(wireName(folder)) \(wireName(name))")
  }

  package func subscribe(_ folder: FolderName) throws { try require("SUBSCRIBE \(wireName(folder))") }

  /// The folders that can hold messages, in order.
  package func folders() throws -> [FolderName] {
    try require("LIST \"\" \"*\"").compactMap { response -> FolderName? in
      let values = try response.values()
      guard values.count >= 5, values[1].text?.uppercased() == "LIST", let name = values[4].text,
        let attributes = values[2].items?.compactMap({ $0.text?.lowercased() }),
        !attributes.contains("\\noselect"), !attributes.contains("\\nonexistent")
      else { return nil }
      // Of bytes, not of characters: an accent behind the delimiter would make one character with it.
      guard let decoded = MailboxNameEncoding.decode(name), let mark = delimiter.utf8.first,
        let folder = FolderName(components: decoded.utf8.split(separator: mark).map { String(Substring($0)) })
      else { throw SupportError("\(user): a folder name that cannot be read: \(printable(name))") }
      return folder
    }.sorted()
  }

  package func status(_ folder: FolderName = .inbox) throws -> FolderStatus {
    // STATUS of the selected folder shows the session's view, which NOOP brings up to date (RFC 9051 §6.3.11).
    if selected == folder { try require("NOOP") }
    let modSequence = capabilities.contains("CONDSTORE") ? " HIGHESTMODSEQ" : ""
    for response in try require("STATUS \(wireName(folder)) (MESSAGES UNSEEN UIDNEXT UIDVALIDITY\(modSequence))") {
      let values = try response.values()
      guard values.count >= 4, values[1].text?.uppercased() == "STATUS", let list = values[3].items else { continue }
      var numbers: [String: UInt64] = [:]
      for index in stride(from: 0, to: list.count - 1, by: 2) {
        if let name = list[index].text { numbers[name.uppercased()] = list[index + 1].text.flatMap(UInt64.init) }
      }
      return FolderStatus(
        messages: Int(numbers["MESSAGES"] ?? 0), unseen: Int(numbers["UNSEEN"] ?? 0),
        uidNext: numbers["UIDNEXT"].flatMap { UID(rawValue: UInt32(truncatingIfNeeded: $0)) },
        uidValidity: UIDValidity(rawValue: UInt32(truncatingIfNeeded: numbers["UIDVALIDITY"] ?? 0)),
        highestModSequence: numbers["HIGHESTMODSEQ"].map(ModSequence.init(rawValue:)))
    }
    throw SupportError("\(user): no STATUS of \(folder)")
  }

  /// The folders that are listed; one that nobody wants must also be there.
  package func folders(besides wanted: Set<FolderName>) throws -> Set<FolderName> {
    Set(try folders().filter { try wanted.contains($0) || isThere($0) })
  }

  /// Every folder with all of its messages; one that goes meanwhile is not there.
  package func tree() throws -> [FolderName: [Message]] {
    var tree: [FolderName: [Message]] = [:]
    for folder in try folders() {
      do {
        tree[folder] = try messages(in: folder)
      } catch {
        guard try !isThere(folder) else { throw error }
      }
    }
    return tree
  }

  /// Dovecot 2.3 goes on listing a folder that was deleted from above others; its STATUS says what is true.
  func isThere(_ folder: FolderName) throws -> Bool { try command("STATUS \(wireName(folder)) (MESSAGES)").isOK }
}
