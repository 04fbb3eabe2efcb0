import Mail
import Support

/// The mail that is on the server before martlet comes: a few hundred messages as people have them.
enum SampleAccount {
  static let lists = name("Lists/martlet-devel")
  static let archive = name("Archive/2024")
  static let sent = name("Sent")
  static let drafts = name("Drafts")
  static let family = name("Familie/Müller & Söhne")
  /// Folders without a message, which go in the course of the play.
  static let removedOnServer = name("Old plans")
  static let removedInMaildir = name("Old receipts")

  private static let contents: [(folder: FolderName, count: Int, kind: SampleMail.Kind?)] = [
    (.inbox, 90, nil), (lists, 110, .list), (archive, 80, nil), (sent, 30, nil), (family, 20, .international),
    (name("日本語"), 10, .international), (drafts, 3, .plain), (name("Trash"), 0, nil), (removedOnServer, 0, nil),
    (removedInMaildir, 0, nil),
  ]
  private static let sizeOfLargest = 10 << 20

  /// Letters that come later have higher numbers, and so other bytes.
  static let numberOfFirstNew = 10_000

  struct Extent: Sendable {
    var folders = 0
    var messages = 0
    var bytes = 0
  }

  /// Puts all of it on the server, and says how much it is.
  static func fill(_ client: MailClient) async throws -> Extent {
    var extent = Extent()
    for (folder, count, kind) in contents {
      if !folder.isInbox { try await client.create(folder) }
      extent.folders += 1
      var drafts = (extent.messages..<extent.messages + count).map {
        SampleMail(number: $0, kind: kind).draft
      }
      if folder == archive {
        drafts.append(SampleMail(number: numberOfFirstNew - 1, kind: .attachment, size: sizeOfLargest).draft)
      }
      if folder == self.drafts {
        for index in drafts.indices { drafts[index].flags = FlagSet([.draft, .seen]) }
      }
      try await client.append(contentsOf: drafts, to: folder)
      extent.messages += drafts.count
      extent.bytes += drafts.reduce(0) { $0 + $1.bytes.count }
      try Task.checkCancellation()
    }
    return extent
  }

  /// A folder name written here.
  static func name(_ text: String) -> FolderName {
    guard let name = FolderName(text) else { preconditionFailure("'\(text)' is a folder name") }
    return name
  }
}
