import CLinux
import Glibc
import Ports
import Reactor

/// Reads a whole directory; for a side queue. Kinds come from the directory itself; only where a file system does not
/// keep them there is an entry looked at.
enum DirectoryListing {
  /// Only entries that begin with one of `prefixes`, where there are any; the others cost no more than to be read.
  static func entries(
    of directory: String, in root: RootDirectory, beginningWith prefixes: [[UInt8]]? = nil
  ) throws(FileError) -> [DirectoryEntry] {
    let number = try root.openNumber(directory, O_RDONLY | O_DIRECTORY, for: "list")
    guard let stream = unsafe fdopendir(number) else {
      let failure = errno
      close(number)
      throw FileError("list", directory, errno: failure)
    }
    // Closes `number` too.
    defer { unsafe closedir(stream) }
    var entries: [DirectoryEntry] = []
    while true {
      errno = 0
      guard let record = unsafe readdir(stream) else {
        // A failure half-way looks like the end but for errno.
        if errno != 0 { throw FileError("list", directory, errno: errno) }
        return entries
      }
      if let entry = try unsafe entry(record, number, directory, prefixes) { entries.append(entry) }
    }
  }

  private static func entry(
    _ record: UnsafeMutablePointer<dirent>, _ directory: Int32, _ path: String, _ prefixes: [[UInt8]]?
  ) throws(FileError) -> DirectoryEntry? {
    guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return nil }
    let text = unsafe UnsafeRawPointer(record).advanced(by: offset).assumingMemoryBound(to: CChar.self)
    let bytes = unsafe UnsafeRawBufferPointer(start: text, count: strlen(text))
    if unsafe bytes.elementsEqual(".".utf8) || bytes.elementsEqual("..".utf8) { return nil }
    if let prefixes, !prefixes.contains(where: { unsafe bytes.starts(with: $0) }) { return nil }
    guard let kind = try unsafe kind(record.pointee.d_type, text, directory, path) else { return nil }
    if let name = unsafe String(validating: bytes, as: UTF8.self) { return DirectoryEntry(name: name, kind: kind) }
    return unsafe DirectoryEntry(name: String(decoding: bytes, as: UTF8.self), kind: kind, isDecodable: false)
  }

  /// Nil where it has gone meanwhile. What cannot be looked at is not left out: it may be a folder (law L8).
  static func kind(
    _ type: UInt8, _ name: UnsafePointer<CChar>, _ directory: Int32, _ path: String
  ) throws(FileError) -> FileKind? {
    switch Int(type) {
    case Int(DT_REG): return .file
    case Int(DT_DIR): return .directory
    case Int(DT_LNK): return .symbolicLink
    case Int(DT_UNKNOWN):
      var status = stat()
      if unsafe fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 { return FileKind(mode: status.st_mode) }
      if errno == ENOENT { return nil }
      throw FileError("list", path, errno: errno)
    default: return .other
    }
  }
}

extension FileKind {
  init(mode: mode_t) {
    self =
      switch mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .symbolicLink
      default: .other
      }
  }
}

extension FileStatus {
  init(_ status: stat) {
    self.init(
      kind: FileKind(mode: status.st_mode), size: Int(status.st_size),
      modified: Self.nanoseconds(status.st_mtim), changed: Self.nanoseconds(status.st_ctim),
      inode: UInt64(status.st_ino), device: UInt64(status.st_dev), linkCount: Int(status.st_nlink))
  }

  /// File systems keep times of thousands of years; those before 1677 and after 2262 become these.
  private static func nanoseconds(_ time: timespec) -> Int64 {
    let (seconds, isBeyond) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, isSumBeyond) = seconds.addingReportingOverflow(Int64(time.tv_nsec))
    guard isBeyond || isSumBeyond else { return sum }
    return time.tv_sec < 0 ? .min : .max
  }
}
