import Mail
import Ports

/// martlet's own small files: read whole, replaced whole.
@Loop
enum SmallFile {
  private static let pieceSize = 64 << 10

  /// Nil where there is no such file. A longer file than `sizeMax` is an error: it is not what we look for.
  static func read(_ path: String, sizeMax: Int, in fileSystem: any FileSystem) async throws(FileError) -> String? {
    let reader: any FileReader
    do {
      reader = try fileSystem.open(path)
    } catch {
      if error.kind == .notFound { return nil }
      throw error
    }
    defer { reader.close() }
    var bytes: [UInt8] = []
    while true {
      let piece = try await reader.read(upTo: pieceSize)
      if piece.isEmpty { return String(decoding: bytes, as: UTF8.self) }
      bytes += piece
      guard bytes.count <= sizeMax else {
        throw FileError(.failed, path: path, "read \(printable(path)): longer than \(sizeMax) bytes")
      }
    }
  }

  /// Durable under `path` when it returns true; readers see the old content or the new, never a part. It is written in
  /// the directory `drafts` first, which is on the same file system. False, and nothing is written, where it is not
  /// `meant` any more at the moment when it would take its place.
  @discardableResult
  static func write(
    _ text: String, to path: String, drafts: String, by root: MaildirRoot,
    whileMeant meant: () throws(FileError) -> Bool = { true }
  ) async throws(FileError) -> Bool {
    let draft = drafts.appending(path: root.nextName())
    let fileSystem = root.fileSystem
    let writer = try fileSystem.create(draft)
    do {
      try writer.write(Array(text.utf8))
      try writer.finish(modified: nil)
      try await fileSystem.makeDurable(files: [draft], directories: [])
      guard try meant() else {
        root.discard(draft)
        return false
      }
      try fileSystem.replace(path, with: draft)
    } catch {
      writer.abandon()
      root.discard(draft)
      throw error
    }
    try await fileSystem.makeDurable(files: [], directories: [path.parentPath])
    return true
  }
}
