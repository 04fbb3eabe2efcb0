/// Reads `[accounts.NAME]` and what is below it.
struct AccountReader {
  let places: PlaceReader

  /// A name is a directory's and an argument's; file systems take 255 bytes.
  private static let nameLengthMax = 100

  /// Nil where something is wrong with it, which has then been told.
  func account(_ name: String, in accounts: TableReader) -> AccountConfiguration? {
    var accounts = accounts
    let isNameFine = checkName(name, accounts)
    guard var reader = accounts.table(name) else { return nil }
    let far = store("remote", of: &reader, isRemote: true)
    let near = store("local", of: &reader, isRemote: false)
    let folders = FoldersReader.rules(&reader)
    let nearIsMaildir = if case .imap? = near { false } else { true }
    let sync = SyncReader.rules(&reader, nearIsMaildir: nearIsMaildir)
    reader.finish()
    guard isNameFine, let far, let near, let folders else { return nil }
    return AccountConfiguration(name: name, near: near, far: far, folders: folders, sync: sync)
  }

  private func checkName(_ name: String, _ accounts: TableReader) -> Bool {
    guard (1...Self.nameLengthMax).contains(name.utf8.count), name.utf8.allSatisfy(isBareKeyCharacter) else {
      accounts.complain(
        name, expected: "an account name of up to \(Self.nameLengthMax) letters, digits, '-' and '_'",
        found: "\"\(quotable(name))\"")
      return false
    }
    return true
  }

  private enum Kind: String, CaseIterable { case imap, maildir }

  private func store(_ key: String, of account: inout TableReader, isRemote: Bool) -> StoreConfiguration? {
    guard var reader = account.table(key) else {
      if !account.has(key) {
        account.complain(expected: "a table [\(KeyLines.written(account.path + [key]))]", found: "none")
      }
      return nil
    }
    let kind: Kind?
    if isRemote {
      kind = .imap
      if let text = reader.string("type"), text != "imap" {
        reader.complain("type", expected: "\"imap\"", found: "\"\(quotable(text))\"")
      }
    } else if reader.has("type") {
      kind = reader.choice("type")
    } else {
      kind = .maildir
    }
    // Of a kind that is not known, no key can be called unknown.
    switch kind {
    case .imap: return IMAPReader(places: places).configuration(&reader).map(StoreConfiguration.imap)
    case .maildir: return maildir(&reader).map(StoreConfiguration.maildir)
    case nil: return nil
    }
  }

  private func maildir(_ reader: inout TableReader) -> MaildirConfiguration? {
    if !reader.has("path") { reader.complain(expected: "a path of the Maildir: path = \"~/Mail/…\"", found: "none") }
    let path = places.path("path", of: &reader)
    let layout: MaildirConfiguration.Layout? = reader.has("layout") ? reader.choice("layout") : .nested
    reader.finish()
    guard let path, let layout else { return nil }
    return MaildirConfiguration(path: path, layout: layout)
  }
}
