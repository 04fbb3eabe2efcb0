import CLinux
import Glibc
import Mail
import Ports
import Reactor

/// A regular file being read: what is in memory at once, what the disk must be waited for on the side queue.
@Loop
final class DiskFileReader: FileReader {
  /// Shared with a read under way on the side queue, so that closing never pulls the number from under it.
  private final class OpenFile: Sendable {
    let descriptor: FileDescriptor
    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
  }

  let size: Int
  let modified: InternalDate
  private let path: String
  private let opened: FileStatus
  private let queue: SideQueue
  private var file: OpenFile?
  private var offset: off_t = 0

  init(_ path: String, _ descriptor: consuming FileDescriptor, _ queue: SideQueue) throws(FileError) {
    opened = try Self.status(of: descriptor.number, path)
    guard opened.kind == .file else {
      throw FileError(.notRegular, path: path, "open \(printable(path)): not a regular file")
    }
    size = opened.size
    modified = opened.modifiedDate
    self.path = path
    self.queue = queue
    file = OpenFile(descriptor)
  }

  func read(upTo limit: Int) async throws(FileError) -> [UInt8] {
    guard let file else { throw closedError }
    let start = offset
    let path = path
    var bytes: [UInt8] = []
    do {
      bytes = try unsafe readPiece(path, limit) {
        unsafe clinux_read_cached(file.descriptor.number, $0, limit, start)
      }
    } catch {
      // Not in memory, or the file system cannot tell: asked again below.
      bytes = []
    }
    // Linux 5.9 and 5.10 may say that a file ends where only the memory's copy of it does (preadv2(2), BUGS): the end,
    // too, is only believed from the read that waits.
    if bytes.isEmpty {
      bytes = try await queue.run { () throws(FileError) -> [UInt8] in
        try unsafe readPiece(path, limit) { unsafe pread(file.descriptor.number, $0, limit, start) }
      }
    }
    offset = start + off_t(bytes.count)
    return bytes
  }

  func rewind() throws(FileError) {
    guard file != nil else { throw closedError }
    offset = 0
  }

  func isUnchanged() throws(FileError) -> Bool {
    guard let file else { throw closedError }
    let now = try Self.status(of: file.descriptor.number, path)
    return now.size == opened.size && now.modified == opened.modified && offset <= off_t(opened.size)
      && !clinux_is_being_written(file.descriptor.number)
  }

  func close() { file = nil }

  private var closedError: FileError { FileError(.failed, path: path, "read \(printable(path)): it was closed") }

  private static func status(of number: Int32, _ path: String) throws(FileError) -> FileStatus {
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else { throw FileError("look at", path, errno: errno) }
    return FileStatus(status)
  }
}

private func readPiece(_ path: String, _ limit: Int, _ call: (UnsafeMutableRawPointer?) -> Int) throws(FileError)
  -> [UInt8]
{
  var count = 0
  let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
    count = uninterrupted { unsafe call(UnsafeMutableRawPointer(buffer.baseAddress)) }
    filled = max(0, count)
  }
  guard count >= 0 else { throw FileError("read", path, errno: errno) }
  return bytes
}
