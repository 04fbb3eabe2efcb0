import Mail

/// Reads `[accounts.NAME.sync]`.
struct SyncReader {
  /// Ten years: beyond it a person means for ever, which is what a folder is for.
  private static let trashDaysMax = 3650

  static func rules(_ account: inout TableReader, nearIsMaildir: Bool) -> SyncRules {
    var rules = SyncRules()
    guard var reader = account.table("sync") else { return rules }
    if let percent = percent("brake", of: &reader) { rules.brakePercent = percent }
    if reader.has("trash") { rules.trash = folder("trash", of: &reader) }
    if let days = reader.integer("trash_days", in: 0...trashDaysMax) {
      if days > 0, !nearIsMaildir {
        reader.complain(
          "trash_days", expected: "a local Maildir to keep deleted mail in; use trash = \"Trash\" between servers")
      }
      rules.trashDays = days
    }
    reader.finish()
    return rules
  }

  /// `"50%"`
  private static func percent(_ key: String, of reader: inout TableReader) -> Int? {
    guard let text = reader.string(key) else { return nil }
    guard text.hasSuffix("%"), text.utf8.count <= 4, let number = Int(text.dropLast()), (0...100).contains(number),
      text.utf8.first.map({ (0x30...0x39).contains($0) }) == true
    else {
      reader.complain(key, expected: "a share of a folder from \"0%\" to \"100%\"", found: "\"\(quotable(text))\"")
      return nil
    }
    return number
  }

  private static func folder(_ key: String, of reader: inout TableReader) -> FolderName? {
    guard let text = reader.string(key) else { return nil }
    guard let folder = FolderName(text), !folder.isInbox else {
      reader.complain(
        key, expected: "a folder's name other than INBOX, with '/' between its parts", found: "\"\(quotable(text))\"")
      return nil
    }
    return folder
  }
}
