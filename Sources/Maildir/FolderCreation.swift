import Mail
import Ports

/// Makes and removes folders' directories.
@Loop
struct FolderCreation {
  /// What may lie beside an empty folder's directories and goes with it: other programs' notes on its messages.
  private static let companions: Set<String> = [
    "dovecot-keywords", "dovecot-uidlist", "dovecot.index", "dovecot.index.log", "dovecot.index.log.2",
    "dovecot.index.cache", "dovecot.index.thread", "maildirfolder", "maildirsize", "courierimapuiddb",
    "courierimapacl", ".uidvalidity", ".mbsyncstate", ".isyncuidmap.db",
  ]
  /// `cur` last: a directory with one is a folder, and from then on complete.
  private static let parts = ["tmp", "new", "cur"]

  let root: MaildirRoot

  /// Fine where it is there already. Durable when it returns.
  func create(_ directory: String) async throws(FileError) {
    for path in directory.withParents.reversed() where !path.isEmpty { try await make(path) }
    for part in Self.parts { try await make(directory.appending(path: part)) }
    if root.layout == .maildirPlusPlus, !directory.isEmpty { try markSubfolder(directory) }
    try await root.fileSystem.makeDurable(files: [], directories: directory.withParents)
  }

  /// Makes one directory, and sees to it that it has this name and no other.
  private func make(_ path: String) async throws(FileError) {
    let wasThere = try root.fileSystem.status(path)?.kind == .directory
    if !wasThere { try root.fileSystem.makeDirectory(path) }
    guard try await !root.isListed(path) else { return }
    let other = try await root.otherSpelling(of: path)
    if !wasThere { removeIfEmpty(path) }
    var reason = "the file system does not list it under this name"
    if let other {
      reason =
        "on this file system it is the same directory as \(printable(other))"
        + (other == path ? ", written in other bytes" : "") + ", which is another folder; rename one of the two"
    }
    throw FileError(.exists, path: path, "make \(printable(path)): \(reason)")
  }

  /// Our own of a moment ago; what is in it already is another's.
  private func removeIfEmpty(_ path: String) {
    do {
      try root.fileSystem.removeDirectory(path)
    } catch {
      // It stays, as an empty directory; why the folder is not made is told in any case.
      return
    }
  }

  /// Throws `.notEmpty` where there is more than an empty folder. With folders below it, it stays as their directory.
  func remove(_ directory: String) async throws(FileError) {
    guard !directory.isEmpty else {
      throw FileError(.notEmpty, path: directory, "INBOX is the Maildir itself and is not removed")
    }
    let (companions, hasFolders) = try await check(directory)
    for name in companions { try root.fileSystem.unlink(directory.appending(path: name)) }
    // `cur` last: as long as it is there, this is a folder, and a removal that was broken off goes on.
    for part in ["new", "tmp", "cur"] {
      do {
        try root.fileSystem.removeDirectory(directory.appending(path: part))
      } catch {
        if error.kind == .notFound { continue }
        // Mail came at the last moment: the folder stays, and stays whole.
        try await create(directory)
        throw error
      }
    }
    guard !hasFolders else { return try await root.fileSystem.makeDurable(files: [], directories: [directory]) }
    try root.fileSystem.removeDirectory(directory)
    try await removeEmptyParents(of: directory)
  }

  /// The files that go with it, and whether there are folders below it.
  private func check(_ directory: String) async throws(FileError) -> (companions: [String], hasFolders: Bool) {
    // A folder may have lost a part, or an earlier removal has taken it already.
    for part in ["new", "cur"] {
      let entries = try await root.listIfThere(directory.appending(path: part))
      guard entries.isEmpty else { throw notEmpty(directory, "\(part) holds \(entries.count) files") }
    }
    for entry in try await root.listIfThere(directory.appending(path: "tmp")) {
      guard entry.kind == .file, root.isLeftover(entry.name) else {
        throw notEmpty(directory, "mail is being delivered to it (tmp/\(printable(entry.name)))")
      }
      try root.fileSystem.unlink(directory.appending(path: "tmp/\(entry.name)"))
    }
    var companions: [String] = []
    var hasFolders = false
    for entry in try await root.fileSystem.list(directory) {
      if entry.kind == .directory, Self.parts.contains(entry.name) { continue }
      if entry.kind == .directory, root.layout == .nested, entry.name.utf8.first != UInt8(ascii: ".") {
        hasFolders = true
        continue
      }
      guard entry.kind == .file, entry.isDecodable, Self.companions.contains(entry.name) else {
        throw notEmpty(directory, "it holds \(printable(entry.name))")
      }
      companions.append(entry.name)
    }
    return (companions, hasFolders)
  }

  private func notEmpty(_ directory: String, _ reason: String) -> FileError {
    FileError(.notEmpty, path: directory, "remove \(printable(directory)): \(reason)")
  }

  /// Directories above that were only there for it.
  private func removeEmptyParents(of directory: String) async throws(FileError) {
    var parent = directory.parentPath
    while !parent.isEmpty {
      do {
        try root.fileSystem.removeDirectory(parent)
      } catch {
        guard error.kind == .notEmpty else { throw error }
        break
      }
      parent = parent.parentPath
    }
    try await root.fileSystem.makeDurable(files: [], directories: [parent])
  }

  /// The empty file by which a delivery agent knows a subfolder (Maildir++).
  private func markSubfolder(_ directory: String) throws(FileError) {
    do {
      try root.fileSystem.create(directory.appending(path: "maildirfolder")).finish(modified: nil)
    } catch {
      guard error.kind == .exists else { throw error }
    }
  }
}
