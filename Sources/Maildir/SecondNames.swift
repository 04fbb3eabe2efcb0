import Mail
import Ports

extension MaildirFolder {
  /// Removes what is a further name of a message's own file: what a power cut leaves of a rename between `new` and `cur`
  /// where a file system keeps each directory by itself, and a death of what is renamed by `link` and `unlink`, as by
  /// martlet itself where a file system has no other way. True where any went; then the listing is not the folder's any
  /// more.
  ///
  /// The one in `cur` is the later one. Of two in one directory nobody can tell, and either will do: if a change of flags
  /// is not told by the one that stays, then it was not recorded, and is made once more.
  ///
  /// Only where both are names of one file that counts them: so whatever others do meanwhile, the message keeps a name,
  /// unless somebody deletes it (law L1). And only where both have stood for a moment, in which a program may be about to
  /// remove one itself. That moment is waited for: no event would tell that it is over.
  func removeSecondNames(in listing: FolderListing) async -> Bool {
    guard listing.isComplete, !root.isLookedAtOnly else { return false }
    let seconds = listing.doubles.compactMap { unique, second in
      listing.places[unique].flatMap { SecondName(kept: path($0, of: unique), path: path(second, of: unique)) }
    }
    let standing = seconds.compactMap { second in file(of: second).map { (second, $0) } }
    guard !standing.isEmpty else { return false }
    if standing.contains(where: { isOfThisMoment($0.1) }) { await root.pause(nanoseconds: DirectoryStamp.settlingTime) }
    var hasRemoved = false
    for (second, before) in standing where file(of: second) == before {
      do {
        try root.fileSystem.unlink(second.path)
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
    var failure: FileError?
    for (unique, second) in listing.doubles {
      guard let place = listing.places[unique] else { continue }
      do throws(FileError) {
        guard try await areDifferent(path(place, of: unique), path(second, of: unique)) else { continue }
        let path = try rename(second, of: unique)
        guard renamed.insert(unique).inserted else { continue }
        do throws(FileError) {
          _ = try rename(place, of: unique)
        } catch {
          renamed.remove(unique)
          // Either of them alone under the name would be taken for what the base means by it.
          failure = rename(path, backTo: second, of: unique) ?? failure
          throw error
        }
      } catch {
        // It was renamed or removed meanwhile, or cannot be read: the next listing shows what is left.
        guard error.kind != .full else { throw error }
      }
    }
    if let failure { throw failure }
    guard !renamed.isEmpty else { return false }
    for unique in renamed { record(unique, at: nil) }
    try await secureNames()
    return true
  }

  /// Gives the file a unique part of its own; the path that it has then.
  private func rename(_ place: MessagePlace, of unique: String) throws(FileError) -> String {
    let fresh = root.nextName()
    let name = MaildirFileName(unique: fresh, info: place.info(of: unique)).text
    let new = MessagePlace(place.subdirectory, fileName: name, unique: fresh)
    try root.fileSystem.rename(path(place, of: unique), to: path(new, of: fresh), isMail: true)
    return path(new, of: fresh)
  }

  /// Why it could not be; nil also where it has gone elsewhere.
  private func rename(_ fresh: String, backTo place: MessagePlace, of unique: String) -> FileError? {
    do {
      try root.fileSystem.rename(fresh, to: path(place, of: unique), isMail: true)
      return nil
    } catch {
      return error.kind == .notFound ? nil : error
    }
  }

  private func areDifferent(_ one: String, _ two: String) async throws(FileError) -> Bool {
    for path in [one, two] {
      guard let status = try root.fileSystem.status(path), status.kind == .file,
        status.age(at: root.clock.wallTime.seconds) >= Self.doubleAge
      else { return false }
    }
    guard let one = try await Self.identify(try root.fileSystem.open(one), one),
      let two = try await Self.identify(try root.fileSystem.open(two), two)
    else { return false }
    return one.identity.digest != two.identity.digest
  }

  /// Seconds.
  private static let doubleAge: Int64 = 10

  /// The file that has both names; nil where it is not one file, or cannot be looked at.
  private func file(of second: SecondName) -> FileStatus? {
    do {
      guard let one = try root.fileSystem.status(second.kept), let two = try root.fileSystem.status(second.path),
        one.inode == two.inode, one.device == two.device, one.kind == .file, one.linkCount > 1
      else { return nil }
      return one
    } catch {
      return nil
    }
  }

  private func isOfThisMoment(_ file: FileStatus) -> Bool {
    root.clock.wallTime.nanoseconds &- file.changed <= DirectoryStamp.settlingTime
  }
}

/// Two names with the unique part of one message.
private struct SecondName {
  let kept: String
  let path: String
}
