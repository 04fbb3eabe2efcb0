import Ports

/// One martlet at a time on a Maildir, also where each has a state directory of its own: to two ledgers the same new
/// mail is new twice (law L3).
@Loop
enum RootLock {
  /// Nil where the file system has no locks, or where there is nothing to lock, which the marker's absence then tells.
  static func take(mayMakeRoot: Bool, in root: MaildirRoot) throws(StoreError) -> (any FileLock)? {
    let fileSystem = root.fileSystem
    do {
      if mayMakeRoot {
        try fileSystem.makeDirectory("")
        try fileSystem.makeDirectory(MaildirRoot.ownDirectory)
      }
      guard try fileSystem.status("")?.kind == .directory,
        try fileSystem.status(MaildirRoot.ownDirectory)?.kind == .directory
      else { return nil }
      return try fileSystem.lock(MaildirRoot.ownDirectory)
    } catch {
      guard error.kind == .held else {
        throw StoreError(.account, error.kind.storeKind, "\(root.title): \(error.text)")
      }
      throw StoreError(
        .account, .held,
        "\(root.title): another martlet, with another state directory, syncs this Maildir; stop one of the two")
    }
  }
}
