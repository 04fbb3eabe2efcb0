import Mail
import Ports

extension MaildirFolder {
  /// Once in this folder's life, before anything is put there.
  func sweepOnce() async throws(FileError) {
    guard !isSwept, !root.isLookedAtOnly else { return }
    isSwept = true
    try await sweepDrafts()
  }

  /// Nothing in `tmp` is mail: where somebody removed it, it is made again.
  func provideDrafts() throws(FileError) {
    guard try root.fileSystem.status(drafts) == nil, try root.fileSystem.status(directory) != nil else { return }
    try root.fileSystem.makeDirectory(drafts)
  }

  /// Removes from `tmp` what an earlier martlet left there, and what others gave up.
  func sweepDrafts() async throws(FileError) {
    for draft in try await leftovers() { root.discard(draft.path) }
  }

  /// What an earlier martlet left in `tmp`, and what others gave up.
  func leftovers() async throws(FileError) -> [Leftover] {
    let entries: [DirectoryEntry]
    do {
      entries = try await root.fileSystem.list(drafts)
    } catch {
      // Without `tmp` a folder can still be read.
      guard error.kind == .notFound || error.kind == .accessDenied else { throw error }
      return []
    }
    var found: [Leftover] = []
    for entry in entries where entry.kind == .file && entry.isDecodable && !root.inFlight.contains(entry.name) {
      let path = drafts.appending(path: entry.name)
      guard let status = try root.fileSystem.status(path) else { continue }
      let leftover = Leftover(
        path: path, ageSeconds: status.age(at: root.clock.wallTime.seconds), isOurs: root.isLeftover(entry.name))
      if leftover.isOurs || leftover.isGivenUp { found.append(leftover) }
    }
    return found
  }
}

/// A file in `tmp` that will never be a message.
package struct Leftover: Hashable, Sendable {
  /// maildir(5): what was not touched for 36 hours in `tmp` was given up.
  private static let foreignAgeMax: Int64 = 36 * 3600

  /// Below the root.
  package let path: String
  /// Since name, content or traits were last touched.
  package let ageSeconds: Int64
  /// A martlet on this host began it: given up as soon as that one has ended.
  package let isOurs: Bool

  /// True whoever began it.
  package var isGivenUp: Bool { ageSeconds > Self.foreignAgeMax }

  package init(path: String, ageSeconds: Int64, isOurs: Bool) {
    self.path = path
    self.ageSeconds = ageSeconds
    self.isOurs = isOurs
  }
}
