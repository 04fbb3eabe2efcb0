import Mail
import Ports

/// For where a file system can neither link nor rename across, as into a folder on a mount of its own: a copy of the
/// bytes, of which the original is removed only once the copy is known to be whole and durable.
extension MaildirFolder {
  /// Copies the message's file to `target`, written as `draft` first, which is on the same file system. What the original
  /// was then; nil where the message is not there. Durable in content when it returns, in name with the caller's barrier.
  func copyFile(of unique: String, draft: String, to target: String) async throws(FileError) -> FileStatus? {
    let original = try await withPlace(of: unique) { place throws(FileError) in
      try root.fileSystem.status(path(place, of: unique))
    }
    guard let original = original ?? nil, let reader = try await openMessage(unique) else { return nil }
    defer { reader.close() }
    let name = draft.lastPathComponent
    root.inFlight.insert(name)
    defer { root.inFlight.remove(name) }
    let writer = try root.fileSystem.create(draft)
    do {
      try await copyBytes(of: unique, from: reader, to: writer)
      try await root.fileSystem.makeDurable(files: [draft], directories: [])
      try root.fileSystem.rename(draft, to: target, isMail: false)
      return original
    } catch {
      writer.abandon()
      root.discard(draft)
      throw error
    }
  }

  private func copyBytes(
    of unique: String, from reader: any FileReader, to writer: any FileWriter
  ) async throws(FileError) {
    var count = 0
    try await reader.forEachPiece { (bytes) throws(FileError) in
      count += bytes.count
      try writer.write(bytes)
    }
    guard count == reader.size, try reader.isUnchanged() else {
      throw FileError(
        .failed, path: unique, "copy \(printable(unique)): it changed while it was read, and is tried again later")
    }
    try writer.finish(modified: reader.modified)
  }

  /// Removes what was copied. False where the file is another by now, or not there: then it is nobody's copy.
  @discardableResult
  func removeCopied(_ unique: String, _ original: FileStatus) async throws(FileError) -> Bool {
    let isRemoved = try await withPlace(of: unique) { place throws(FileError) in
      let path = path(place, of: unique)
      guard let now = try root.fileSystem.status(path), now.inode == original.inode, now.device == original.device,
        now.size == original.size, now.modified == original.modified
      else { return false }
      try root.fileSystem.unlink(path)
      record(unique, at: nil)
      return true
    }
    return isRemoved ?? false
  }
}
