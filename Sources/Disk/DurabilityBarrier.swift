import CLinux
import Glibc
import Mail
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
    try pass(files: files, directories: directories, in: root, by: .kernel)
  }

  static func pass(
    files: [String], directories: [String], in root: RootDirectory, by calls: SyncCalls
  ) throws(FileError) {
    for file in try syncTogether(files, root, calls) {
      let opened = try root.open(file, O_RDONLY | O_NONBLOCK, for: "sync")
      try sync(opened.number, file, calls)
    }
    for directory in directories {
      let opened = try root.open(directory, O_RDONLY | O_DIRECTORY, for: "sync")
      do {
        try sync(opened.number, directory, calls)
      } catch {
        // Some file systems (FUSE, CIFS) have no sync for directories, and answer EINVAL.
        guard error.kind == .unsupported else { throw error }
      }
    }
  }

  private static func sync(_ number: Int32, _ path: String, _ calls: SyncCalls) throws(FileError) {
    guard uninterrupted({ calls.syncFile(number) }) == 0 else {
      let failure = errno
      throw FileError("sync", path, errno: failure == EINVAL ? EOPNOTSUPP : failure)
    }
  }

  /// Syncs the root's file system where that does for many of the files; those that are left.
  ///
  /// It is called on the root's own descriptor. One that is opened after the writes would not hear of an error of theirs
  /// that another caller has been told of. For a folder that is a mount of its own none is held, which would keep it from
  /// being unmounted: its files are synced one by one, and the kernel tells a file's error to who opens it later, too.
  private static func syncTogether(
    _ files: [String], _ root: RootDirectory, _ calls: SyncCalls
  ) throws(FileError) -> [String] {
    guard files.count >= manyFiles, calls.fileSystemType(root.heldNumber).map(syncsWhole) ?? false else { return files }
    let device = try self.device(root.heldNumber, "")
    var parentsAtRoot: Set<ExactText> = []
    for parent in Set(files.map { ExactText($0.parentPath) }) {
      let opened = try root.open(parent.text, O_RDONLY | O_DIRECTORY, for: "sync")
      if try self.device(opened.number, parent.text) == device { parentsAtRoot.insert(parent) }
    }
    let others = files.filter { !parentsAtRoot.contains(ExactText($0.parentPath)) }
    guard files.count - others.count >= manyFiles else { return files }
    guard uninterrupted({ calls.syncFileSystem(root.heldNumber) }) == 0 else {
      throw FileError("sync the file system of", "", errno: errno)
    }
    return others
  }

  private static func device(_ number: Int32, _ path: String) throws(FileError) -> dev_t {
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else { throw FileError("sync", path, errno: errno) }
    return status.st_dev
  }

  /// True for kinds of file systems that `syncfs` is known to bring to the disk whole, and to tell of what failed.
  ///
  /// Elsewhere it may succeed and have done nothing: FUSE passes it on for virtiofs only, eCryptfs and others that lie on
  /// top of a file system do not pass it on at all, and overlayfs keeps to itself what failed below.
  static func syncsWhole(_ type: Int64) -> Bool {
    switch type {
    // ext2, ext3, ext4; XFS; btrfs; F2FS; bcachefs; ZFS; tmpfs.
    case 0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010, 0xCA45_1A4E, 0x2FC1_2FC1, 0x0102_1994: true
    default: false
    }
  }
}

/// The kernel's calls that the barrier makes, in whose place tests put others.
struct SyncCalls: Sendable {
  /// The magic number of the file system that holds a descriptor's file; nil where it is not told.
  let fileSystemType: @Sendable (Int32) -> Int64?
  let syncFile: @Sendable (Int32) -> Int32
  let syncFileSystem: @Sendable (Int32) -> Int32

  static let kernel = SyncCalls(
    fileSystemType: { number in
      let type = clinux_file_system_type(number)
      return type < 0 ? nil : type
    },
    syncFile: { fsync($0) }, syncFileSystem: { clinux_syncfs($0) })
}
