import CLinux
import Glibc
import Support

/// Writes files the way a Maildir wants them: tmp, sync, rename, sync of the folder.
enum MaildirWriter {
  /// Creates a file in full; synced if asked.
  static func write(_ bytes: [UInt8], to path: String, secondsSince1970: Int?, synced: Bool) throws {
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw BenchError.system("cannot write \(path)") }
    defer { close(file) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
      guard count > 0 else { throw BenchError.system("writing \(path)") }
      rest = rest.dropFirst(count)
    }
    if let secondsSince1970 {
      let time = timespec(tv_sec: secondsSince1970, tv_nsec: 0)
      guard unsafe futimens(file, [time, time]) == 0 else { throw BenchError.system("dating \(path)") }
    }
    if synced { guard fsync(file) == 0 else { throw BenchError.system("fsync \(path)") } }
  }

  static func rename(_ source: String, to target: String) throws {
    guard unsafe Glibc.rename(source, target) == 0 else { throw BenchError.system("renaming \(source) to \(target)") }
  }

  static func unlink(_ path: String) throws {
    guard unsafe Glibc.unlink(path) == 0 else { throw BenchError.system("unlinking \(path)") }
  }

  /// Makes what was done in a folder durable.
  static func syncFolder(_ path: String) throws {
    let folder = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw BenchError.system("opening \(path)") }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw BenchError.system("fsync \(path)") }
  }

  /// Makes all that was written to the file system of `path` durable.
  static func syncFileSystem(of path: String) throws {
    let folder = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw BenchError.system("opening \(path)") }
    defer { close(folder) }
    guard clinux_syncfs(folder) == 0 else { throw BenchError.system("syncfs \(path)") }
  }
}
