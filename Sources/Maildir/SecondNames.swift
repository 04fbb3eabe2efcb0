import Mail
import Ports

extension MaildirFolder {
  /// Removes the names in `new` of messages that have one in `cur`, too: what a power cut leaves of a rename between the
  /// two where a file system keeps each directory by itself, and a death of what a program does by `link` and `unlink`.
  /// The one in `cur` is the later one. True where any went; then the listing is not the folder's any more.
  ///
  /// Only where both are names of one file that counts them: so whatever others do meanwhile, the message keeps a name,
  /// unless somebody deletes it (law L1). And only where the last of them is not of this moment, in which a program may
  /// be about to remove it itself.
  func removeSecondNames(in listing: FolderListing) -> Bool {
    guard listing.isComplete, !root.isLookedAtOnly else { return false }
    var hasRemoved = false
    for (unique, second) in listing.doubles {
      guard let place = listing.places[unique], place.subdirectory == .cur, second.subdirectory == .new else {
        continue
      }
      do {
        guard try areOfOneFile(path(place, of: unique), path(second, of: unique)) else { continue }
        try root.fileSystem.unlink(path(second, of: unique))
        hasRemoved = true
      } catch {
        // Nothing is changed: the listing names it, as before.
        continue
      }
    }
    return hasRemoved
  }

  /// Gives files that have one unique part in common, and other content, unique parts of their own: which of them the base
  /// means by it, nobody can tell, and the one would be taken for the other when that is deleted (laws L1, L4). What the
  /// base knows of them is known by content. True where any got one.
  ///
  /// Only where both have been so for a while: a program may be about to put the one in the other's place.
  func separateDoubles(in listing: FolderListing) async throws(FileError) -> Bool {
    guard listing.isComplete, !root.isLookedAtOnly else { return false }
    var renamed: Set<String> = []
    for (unique, second) in listing.doubles {
      guard let place = listing.places[unique] else { continue }
      do {
        guard try await areDifferent(path(place, of: unique), path(second, of: unique)) else { continue }
        try rename(second, of: unique)
        if renamed.insert(unique).inserted { try rename(place, of: unique) }
      } catch {
        // It was renamed or removed meanwhile, or cannot be read: the next listing shows what is left.
        guard error.kind != .full else { throw error }
      }
    }
    guard !renamed.isEmpty else { return false }
    for unique in renamed { record(unique, at: nil) }
    try await secureNames()
    return true
  }

  private func rename(_ place: MessagePlace, of unique: String) throws(FileError) {
    let fresh = root.nextName()
    let name = MaildirFileName(unique: fresh, info: place.info(of: unique)).text
    let new = MessagePlace(place.subdirectory, fileName: name, unique: fresh)
    try root.fileSystem.rename(path(place, of: unique), to: path(new, of: fresh))
  }

  private func areDifferent(_ one: String, _ two: String) async throws(FileError) -> Bool {
    for path in [one, two] {
      guard let status = try root.fileSystem.status(path), status.kind == .file,
        status.age(at: root.clock.wallTime.seconds) >= Self.doubleAge
      else { return false }
    }
    guard let one = try await identify(try root.fileSystem.open(one)),
      let two = try await identify(try root.fileSystem.open(two))
    else { return false }
    return one.identity.digest != two.identity.digest
  }

  /// Seconds.
  private static let doubleAge: Int64 = 10

  private func areOfOneFile(_ one: String, _ two: String) throws(FileError) -> Bool {
    guard let one = try root.fileSystem.status(one), let two = try root.fileSystem.status(two),
      one.inode == two.inode, one.device == two.device, one.kind == .file, one.linkCount > 1
    else { return false }
    return root.clock.wallTime.nanoseconds &- one.changed > DirectoryStamp.settlingTime
  }
}
