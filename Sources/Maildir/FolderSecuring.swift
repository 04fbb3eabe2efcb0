package import Mail
package import Ports

extension MaildirFolder {
  /// One barrier for the files, under the names that they have now, and for both directories. What is gone meanwhile is
  /// the next look's business.
  func secure(_ keys: [MessageKey]) async throws(FileError) {
    for _ in 0..<Self.listingsMax {
      do {
        return try await sync(keys)
      } catch {
        // A mail reader renamed one at that moment, unless it is the folder that went.
        guard error.kind == .notFound, try root.missingParts(of: directory).isEmpty else { throw error }
      }
    }
    throw FileError(.failed, path: directory, "sync \(printable(directory)): its files are renamed again and again")
  }

  private func sync(_ keys: [MessageKey]) async throws(FileError) {
    let absent = try await absent(keys)
    var files: [String] = []
    for key in keys where !absent.contains(key) {
      guard let unique = key.fileName else { continue }
      let found = try await withPlace(of: unique) { place throws(FileError) in
        let path = path(place, of: unique)
        guard try root.fileSystem.status(path) != nil else {
          throw FileError(.notFound, path: path, "sync \(printable(path)): it is not there")
        }
        return path
      }
      if let found { files.append(found) }
    }
    guard !files.isEmpty else { return }
    try await makeDurable(files: files)
  }

  /// These files and all names.
  ///
  /// `cur` before `new`: a mail reader may have moved messages from `new` to `cur`, and where each directory is kept by
  /// itself, a power cut would take what only `new` has let go of. With the way to both where it is not known to be
  /// durable: somebody may have made the folder a moment ago, or renamed it.
  func makeDurable(files: [String] = []) async throws(FileError) {
    var way: [DirectoryState] = []
    for path in directory.withParents {
      if let status = try root.fileSystem.status(path) { way.append(DirectoryState(status)) }
    }
    try await makeDurable(files, [path(.cur), path(.new)] + (way == durableWay ? [] : directory.withParents))
    durableWay = way
  }

  /// One barrier for all names, which hold the flags.
  func secureNames() async throws(FileError) {
    try await makeDurable([], [path(.cur), path(.new)])
  }

  /// With what the letters in the names mean, where another program may just have written it.
  private func makeDurable(_ files: [String], _ directories: [String]) async throws(FileError) {
    let table = try root.fileSystem.status(tablePath)
    guard let table, table != durableTable else {
      return try await root.fileSystem.makeDurable(files: files, directories: directories)
    }
    let own = directories.contains(directory) ? [] : [directory]
    try await root.fileSystem.makeDurable(files: files + [tablePath], directories: directories + own)
    durableTable = table
  }
}

/// A directory, and when names last came or went in it.
struct DirectoryState: Equatable {
  private let inode: UInt64
  private let modified: Int64

  init(_ status: FileStatus) {
    inode = status.inode
    modified = status.modified
  }
}

extension MaildirStore {
  package func secure(_ keys: [MessageKey], in folder: FolderName) async throws(StoreError) {
    try await securing(folder) { place throws(FileError) in try await place.secure(keys) }
  }

  package func secureNames(in folder: FolderName) async throws(StoreError) {
    try await securing(folder) { place throws(FileError) in try await place.secureNames() }
  }

  private func securing(
    _ folder: FolderName, _ body: (MaildirFolder) async throws(FileError) -> Void
  ) async throws(StoreError) {
    let place = try use(folder)
    do {
      try await body(place)
    } catch {
      let failure = root.failure(error, in: folder)
      guard failure.scope == .folder, failure.kind == .gone, try isGone(place) else { throw failure }
      // The folder as a whole: who removed it had seen the messages, and their other copies must not stay behind as
      // ones that the base knows nothing of (law L3).
    }
  }

  /// One that lost a part is there, and what is in the other is not on the disk (law L4).
  private func isGone(_ place: MaildirFolder) throws(StoreError) -> Bool {
    do {
      return try root.missingParts(of: place.directory).count == Subdirectory.allCases.count
    } catch {
      throw root.failure(error, in: place.name)
    }
  }
}
