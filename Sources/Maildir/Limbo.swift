package import Mail
package import Ports

/// Where deleted messages are kept a while: one that shows up elsewhere is taken back from here without a transfer.
///
/// Each deletion has a directory `SECONDS.COUNT` with the files under their names; a file's key is its path in there.
@Loop
final class Limbo {
  static let directory = ".martlet/limbo"
  /// What an earlier martlet left here is of no use so long after it should have been let go of: an hour for the other
  /// half of a move, and another one.
  static let leftoverAge: Int64 = 2 * 3600

  private let root: MaildirRoot
  /// How long a person wants deleted mail to be kept, in seconds; 0 where nobody does. For the other half of a move it
  /// is kept in any case, until the engine lets go of it, but not where that takes room that there is not.
  private let keepSeconds: Int64
  private var count = 0
  /// What the letters of a deletion's files mean, as long as this process lives.
  private var tables: [String: KeywordTable] = [:]

  init(_ root: MaildirRoot, keepSeconds: Int64) {
    self.root = root
    self.keepSeconds = keepSeconds
  }

  private var leftoverAgeMax: Int64 { keepSeconds + Self.leftoverAge }

  /// What the rename of one file came to.
  private enum Step {
    case kept(String)
    case removed
    /// The folder is on another file system, and a person wants its mail to be kept.
    case needsCopy(name: String)
  }

  /// Renames the files in here. Where the file system cannot, or is full, they are removed, unless a person wants them to
  /// be kept: then they are copied, or stay where they are.
  func take(_ keys: [MessageKey], from folder: MaildirFolder) async throws(FileError) -> Deletion {
    try await folder.refreshTable()
    let absent = try await folder.absent(keys)
    count += 1
    let batch = "\(root.clock.wallTime.seconds).\(count)"
    let path = try makeDirectory(batch)
    if path != nil { tables[batch] = folder.table }
    var deletion = Deletion(gone: absent)
    for (number, key) in keys.enumerated() where !absent.contains(key) {
      guard let unique = key.fileName else { continue }
      let step = try await folder.withPlace(of: unique) { place throws(FileError) -> Step in
        let name = place.fileName(of: unique)
        let source = folder.path(place, of: unique)
        do throws(FileError) {
          if let path {
            try root.fileSystem.rename(source, to: path.appending(path: name), isMail: false)
            return .kept(batch.appending(path: name))
          }
        } catch {
          switch error.kind {
          case .unsupported: if keepSeconds > 0 { return .needsCopy(name: name) }
          case .full where keepSeconds == 0: break
          default: throw error
          }
        }
        try root.fileSystem.unlink(source)
        return .removed
      }
      switch step {
      case .kept(let file)?: deletion.kept[key] = .file(file)
      case .needsCopy(let name)?:
        guard try await copy(unique, as: name, to: batch, from: folder) else { continue }
        deletion.kept[key] = .file(batch.appending(path: name))
      case .removed?, nil: break
      }
      folder.record(unique, at: nil)
      deletion.gone.insert(key)
      if number % MaildirFolder.stepsBetweenPauses == MaildirFolder.stepsBetweenPauses - 1 { await Task.yield() }
    }
    if deletion.kept.isEmpty { forget(batch) }
    // The source only: a message that a power cut takes from limbo is one that was to go.
    try await root.fileSystem.makeDurable(files: [], directories: [folder.path(.new), folder.path(.cur)])
    return deletion
  }

  /// False where the message is not the one that was copied any more, or not there: the next look tells.
  private func copy(
    _ unique: String, as name: String, to batch: String, from folder: MaildirFolder
  ) async throws(FileError) -> Bool {
    let target = Self.directory.appending(path: batch).appending(path: name)
    let draft = MaildirRoot.ownDirectory.appending(path: root.nextName())
    guard let original = try await folder.copyFile(of: unique, draft: draft, to: target) else { return false }
    try await root.fileSystem.makeDurable(files: [], directories: [Self.directory.appending(path: batch)])
    if try await folder.removeCopied(unique, original) { return true }
    root.discard(target)
    return false
  }

  /// Somebody may have changed them meanwhile, or put something else there.
  func identify(_ kept: [MessageKey]) async throws(FileError) -> [MessageKey: MessageDigest] {
    var found: [MessageKey: MessageDigest] = [:]
    for key in kept {
      guard let (batch, name) = Self.parts(of: key) else { continue }
      do {
        let path = Self.directory.appending(path: batch).appending(path: name)
        found[key] = try await MaildirFolder.identify(try root.fileSystem.open(path), path)?.identity.digest
      } catch {
        guard error.isOfOneFile || error.kind == .notFound else { throw error }
      }
    }
    return found
  }

  /// Takes messages back into `folder`; the new keys of those that were still here.
  func restore(
    _ kept: [MessageKey], to folder: MaildirFolder, taken: Set<MessageKey>
  ) async throws(FileError) -> [MessageKey: MessageKey] {
    var result: [MessageKey: MessageKey] = [:]
    var batches: Set<String> = []
    for key in kept {
      guard let (batch, name) = Self.parts(of: key) else { continue }
      batches.insert(batch)
      let source = MaildirFileName(name)
      let table = tables[batch] ?? KeywordTable()
      let letters = source.info?.letters ?? []
      try await folder.holdKeywords(of: [MaildirFlags.flags(of: letters, table)])
      let translated = MaildirFlags.translate(letters, from: table, to: folder.table)
      do {
        let unique = try await folder.take(
          Self.directory.appending(path: batch).appending(path: name), as: source.unique, letters: translated,
          was: source.info == nil ? .new : .cur, taken: taken)
        if let unique { result[key] = .file(unique) }
      } catch {
        guard error.kind == .notFound else { throw error }
        // Not here any more, unless it is the folder that is missing.
        _ = try folder.stamp()
      }
    }
    for batch in batches { forget(batch) }
    try await folder.makeDurable()
    return result
  }

  /// Answers why some stay.
  func purge(_ kept: [MessageKey]) async throws(FileError) -> [MessageKey: FileError] {
    var batches: Set<String> = []
    var left: [MessageKey: FileError] = [:]
    for (step, key) in kept.enumerated() {
      guard let (batch, name) = Self.parts(of: key) else { continue }
      batches.insert(batch)
      do {
        try root.fileSystem.unlink(Self.directory.appending(path: batch).appending(path: name))
      } catch {
        guard error.isOfOneFile || error.kind == .notFound else { throw error }
        if error.kind != .notFound { left[key] = error }
      }
      if step % MaildirFolder.stepsBetweenPauses == MaildirFolder.stepsBetweenPauses - 1 { await Task.yield() }
    }
    for batch in batches { forget(batch) }
    return left
  }

  /// Removes what an earlier martlet left, and drafts of its own files.
  func sweep() async throws(FileError) {
    for draft in try await drafts() { root.discard(draft.path) }
    for batch in try await overdue() {
      let path = Self.directory.appending(path: batch)
      for file in try await root.listIfThere(path) { root.discard(path.appending(path: file.name)) }
      forget(batch)
    }
  }

  /// What an earlier martlet left of its own small files.
  func drafts() async throws(FileError) -> [Leftover] {
    var found: [Leftover] = []
    for entry in try await root.listIfThere(MaildirRoot.ownDirectory) where entry.kind == .file {
      let path = MaildirRoot.ownDirectory.appending(path: entry.name)
      guard root.isLeftover(entry.name), let status = try root.fileSystem.status(path) else { continue }
      found.append(Leftover(path: path, ageSeconds: status.age(at: root.clock.wallTime.seconds), isOurs: true))
    }
    return found
  }

  /// Deletions whose mail is kept no longer: the next start lets go of it.
  func overdue() async throws(FileError) -> [String] {
    try await root.listIfThere(Self.directory).compactMap { entry in
      guard entry.kind == .directory, tables[entry.name] == nil,
        let since = Self.since(entry.name),
        root.clock.wallTime.seconds - since > leftoverAgeMax
      else { return nil }
      return entry.name
    }
  }

  /// Nil where the disk is too full for a directory: then deleting must still make room, unless all is to be kept.
  private func makeDirectory(_ batch: String) throws(FileError) -> String? {
    let path = Self.directory.appending(path: batch)
    do {
      try root.fileSystem.makeDirectory(path)
      return path
    } catch {
      guard error.kind == .full, keepSeconds == 0 else { throw error }
      return nil
    }
  }

  /// Lets go of a deletion's directory once it is empty.
  private func forget(_ batch: String) {
    do {
      try root.fileSystem.removeDirectory(Self.directory.appending(path: batch))
      tables[batch] = nil
    } catch {
      // Not empty yet, or gone: either way there is nothing to do here.
      return
    }
  }

  /// When the deletion was made; nil for a directory that is none. Digits only: without a sign no difference overflows.
  private static func since(_ batch: String) -> Int64? {
    guard isBatch(batch) else { return nil }
    return batch.split(separator: ".").first.flatMap { Int64($0) }
  }

  private static func isBatch(_ name: String) -> Bool {
    name.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
  }

  private static func parts(of key: MessageKey) -> (batch: String, name: String)? {
    guard let path = key.fileName, let slash = path.utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
    let name = String(Substring(path.utf8[slash...].dropFirst()))
    let batch = String(path[..<slash])
    guard isBatch(batch), let first = batch.utf8.first, first != UInt8(ascii: "."), !name.isEmpty,
      !name.utf8.contains(UInt8(ascii: "/"))
    else { return nil }
    return (batch, name)
  }
}

extension MaildirStore {
  package func identify(kept keys: [MessageKey]) async throws(StoreError) -> [MessageKey: MessageDigest] {
    do {
      return try await limbo.identify(keys)
    } catch {
      throw root.failure(error)
    }
  }

  package func restore(
    _ kept: [MessageKey], to folder: FolderName, taken: Set<MessageKey>
  ) async throws(StoreError) -> [MessageKey: MessageKey] {
    let place = try use(folder)
    do {
      try root.requireInPlace()
      return try await limbo.restore(kept, to: place, taken: taken)
    } catch {
      throw root.failure(error, in: folder)
    }
  }

  package func purge(_ kept: [MessageKey]) async throws(StoreError) -> [MessageKey: String] {
    do {
      return try await limbo.purge(kept).mapValues { root.failure($0).text }
    } catch {
      throw root.failure(error)
    }
  }
}
