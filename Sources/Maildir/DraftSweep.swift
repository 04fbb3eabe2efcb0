import Mail
import Ports

extension MaildirFolder {
  /// maildir(5): what was not touched for 36 hours in `tmp` was given up.
  private static let foreignAgeMax: Int64 = 36 * 3600

  /// Once in this folder's life, before anything is put there.
  func sweepOnce() async throws(FileError) {
    guard !isSwept else { return }
    isSwept = true
    try await sweepDrafts()
  }

  /// Nothing in `tmp` is mail: where somebody removed it, it is made again.
  func provideDrafts() throws(FileError) {
    if try root.fileSystem.status(directory) != nil { try root.fileSystem.makeDirectory(drafts) }
  }

  /// Removes from `tmp` what an earlier martlet left there, and what others gave up.
  func sweepDrafts() async throws(FileError) {
    let fileSystem = root.fileSystem
    let entries: [DirectoryEntry]
    do {
      entries = try await fileSystem.list(drafts)
    } catch {
      // Without `tmp` a folder can still be read.
      guard error.kind == .notFound || error.kind == .accessDenied else { throw error }
      return
    }
    for entry in entries where entry.kind == .file && entry.isDecodable {
      let path = drafts.appending(path: entry.name)
      // By the time that nobody can set: a message being delivered may bear the date of years ago already.
      let isOld = try fileSystem.status(path).map { status in
        root.clock.wallTime.seconds - status.changed / 1_000_000_000 > Self.foreignAgeMax
      }
      if root.isLeftover(entry.name) || isOld == true && !root.inFlight.contains(entry.name) { root.discard(path) }
    }
  }
}
