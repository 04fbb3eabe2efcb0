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
    for (unique, second) in listing.secondNames {
      guard let place = listing.places[unique] else { continue }
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

  private func areOfOneFile(_ one: String, _ two: String) throws(FileError) -> Bool {
    guard let one = try root.fileSystem.status(one), let two = try root.fileSystem.status(two),
      one.inode == two.inode, one.device == two.device, one.kind == .file, one.linkCount > 1
    else { return false }
    return root.clock.wallTime.nanoseconds &- one.changed > DirectoryStamp.settlingTime
  }
}
