import CLinux
import Glibc
import Ports
import Reactor

/// Brings a batch of files and directories to the disk; for a side queue.
///
/// A few files are synced one by one; many share one `syncfs`, which also waits for what other programs have written.
/// A failed sync is final for its batch: the kernel marks the pages clean, and a second try would claim success.
enum DurabilityBarrier {
  /// From so many files on `syncfs` is taken. On an idle disk (ext4, 4 KB files) it was the faster for any number:
  /// 0.4 ms against 4.8 for 4 files, 16 against 700 for 200. For the single message that comes while others write
  /// gigabytes, its own `fsync` bounds the wait.
  static let manyFiles = 4

  static func pass(files: [String], directories: [String], in root: RootDirectory) throws(FileError) {
    if files.count >= manyFiles {
      try syncFileSystems(of: files, in: root)
    } else {
      for file in files {
        let opened = try root.open(file, O_RDONLY | O_NONBLOCK, for: "sync")
        try sync(opened.number, file)
      }
    }
    for directory in directories {
      let opened = try root.open(directory, O_RDONLY | O_DIRECTORY, for: "sync")
      do {
        try sync(opened.number, directory)
      } catch {
        // Some file systems (FUSE, CIFS) have no sync for directories, and answer EINVAL.
        guard error.kind == .unsupported else { throw error }
      }
    }
  }

  private static func sync(_ number: Int32, _ path: String) throws(FileError) {
    guard uninterrupted({ fsync(number) }) == 0 else {
      let failure = errno
      throw FileError("sync", path, errno: failure == EINVAL ? EOPNOTSUPP : failure)
    }
  }

  /// Once for each file system that holds one of the files: a folder may be a mount of its own.
  private static func syncFileSystems(of files: [String], in root: RootDirectory) throws(FileError) {
    var seen: Set<dev_t> = []
    for parent in Set(files.map(\.parentPath)) {
      let opened = try root.open(parent, O_RDONLY | O_DIRECTORY, for: "sync")
      var status = stat()
      guard unsafe fstat(opened.number, &status) == 0 else { throw FileError("sync", parent, errno: errno) }
      guard seen.insert(status.st_dev).inserted else { continue }
      guard uninterrupted({ clinux_syncfs(opened.number) }) == 0 else {
        throw FileError("sync the file system of", parent, errno: errno)
      }
    }
  }
}
