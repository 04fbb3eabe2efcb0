package import Mail
package import Ports

extension MaildirFolder {
  /// One barrier for the files, under the names that they have now, and for both directories. What is gone meanwhile is
  /// the next look's business.
  func secure(_ keys: [MessageKey]) async throws(FileError) {
    do {
      try await sync(keys)
    } catch {
      // A mail reader renamed one at that moment.
      guard error.kind == .notFound else { throw error }
      try await sync(keys)
    }
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
    try await secureNames(of: files)
  }

  /// One barrier for all names, which hold the flags, and for the content of these files.
  func secureNames(of files: [String] = []) async throws(FileError) { try await makeDurable(files: files) }

  /// A barrier for the content of files, for the names in these parts of the folder, and in `others`. The first one in a
  /// session is for the folder's own name too, and for those above it: whoever made it may have left them to chance, and
  /// a folder that a power cut takes away takes its messages along.
  func makeDurable(
    files: [String] = [], names: Set<Subdirectory> = Set(Subdirectory.allCases), and others: [String] = []
  ) async throws(FileError) {
    let identity = try stamp().identity
    var directories = names.sorted { $0.rawValue < $1.rawValue }.map { path($0) } + others
    if identity != anchored { directories += directory.ancestry }
    try await root.fileSystem.makeDurable(files: files, directories: directories)
    anchored = identity
  }
}

extension MaildirStore {
  package func secure(_ keys: [MessageKey], in folder: FolderName) async throws(StoreError) {
    try await securing(folder) { place throws(FileError) in try await place.secure(keys) }
  }

  package func secureFlags(in folder: FolderName) async throws(StoreError) {
    try await securing(folder) { place throws(FileError) in try await place.secureNames() }
  }

  private func securing(
    _ folder: FolderName, _ body: (MaildirFolder) async throws(FileError) -> Void
  ) async throws(StoreError) {
    let place = try use(folder)
    do {
      try await body(place)
    } catch {
      // The folder as a whole: who removed it had seen the messages, and their other copies must not stay behind as
      // ones that the base knows nothing of (law L3).
      let failure = root.failure(error, in: folder)
      guard failure.scope == .folder, failure.kind == .gone else { throw failure }
    }
  }
}
