/// Paths as people write them in the file.
struct PlaceReader {
  /// What `~` stands for.
  let home: String?
  /// What a relative path starts from: the configuration's own directory, as with mbsync.
  let base: String

  func path(_ key: String, of reader: inout TableReader) -> String? {
    guard let text = reader.line(key, "a path") else { return nil }
    guard text == "~" || text.hasPrefix("~") else { return DiskPath.absolute(text, in: base) }
    guard text == "~" || text.hasPrefix("~/") else {
      reader.complain(key, expected: "a path, absolute or from ~/", found: "\"\(quotable(text))\"")
      return nil
    }
    guard let home else {
      reader.complain(key, expected: "an absolute path, since HOME is not set", found: "\"\(quotable(text))\"")
      return nil
    }
    return home + text.dropFirst(1)
  }
}
