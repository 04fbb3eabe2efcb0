import Mail

/// Folders and keywords that tests speak of.
enum Names {
  static let work = folder("Work")
  static let listsTop = folder("Lists")
  static let lists = folder("Lists", "swift")
  static let archive = folder("Archive")
  /// Made in the Maildir, before the first sync.
  static let here = folder("Here before")

  static let keyword = keyword("urgent")

  static func made(_ place: String, _ below: String...) -> FolderName { folder(["Made \(place)"] + below) }

  static func folder(_ components: String...) -> FolderName { folder(components) }

  static func folder(_ components: [String]) -> FolderName {
    guard let name = FolderName(components: components) else { preconditionFailure("\(components) is no folder name") }
    return name
  }

  static func keyword(_ text: String) -> Keyword {
    guard let keyword = Keyword(text) else { preconditionFailure("\(text) is no keyword") }
    return keyword
  }
}
