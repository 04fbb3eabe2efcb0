// Disk: POSIX files and inotify behind the ports. Nothing here knows what a Maildir is.
// May import: Reactor, Ports, Mail, CLinux. Read this file first, then RootDirectory.

import CLinux
import Glibc
import Mail
package import Ports
import Reactor

/// The tree below one directory of this machine.
///
/// Short calls run on the loop; listing, syncing and reading what is not in memory run on a side queue.
@Loop
package final class DiskFileSystem: FileSystem {
  /// Enough to keep a disk busy with several accounts; the threads sleep without work.
  private static let threadCount = 4

  typealias Barrier = @Sendable (_ files: [String], _ directories: [String], RootDirectory) throws(FileError) -> Void

  private let rootPath: String
  private let walks: Bool
  private let renamesAtOnce: Bool
  private let barrier: Barrier
  private let queue: SideQueue
  private var heldRoot: RootDirectory?
  /// How many barriers failed. An error of the file system is told to one of ours only, though the files of others may
  /// be what was lost: whatever was created before it must not pass a later barrier.
  private var failedSyncs = 0
  private var unsynced: [String: Int] = [:]

  /// The directory need not be there yet: `makeDirectory("")` makes it.
  package convenience init(root: String) { self.init(root: root, walks: false) }

  /// `walks` forces the way for systems without openat2, `renamesAtOnce` that for file systems that take two steps;
  /// `barrier` stands in for a disk that fails.
  init(root: String, walks: Bool, renamesAtOnce: Bool = true, barrier: @escaping Barrier = DurabilityBarrier.pass) {
    rootPath = root
    self.walks = walks
    self.renamesAtOnce = renamesAtOnce
    self.barrier = barrier
    queue = SideQueue(name: "martlet-disk", threads: Self.threadCount)
  }

  package func list(_ directory: String) async throws(FileError) -> [DirectoryEntry] {
    let root = try root()
    return try await queue.run { () throws(FileError) in try DirectoryListing.entries(of: directory, in: root) }
  }

  package func list(
    _ directory: String, beginningWith prefixes: [String]
  ) async throws(FileError) -> [DirectoryEntry] {
    let root = try root()
    let prefixes = prefixes.map { Array($0.utf8) }
    return try await queue.run { () throws(FileError) in
      try DirectoryListing.entries(of: directory, in: root, beginningWith: prefixes)
    }
  }

  package func status(_ path: String) throws(FileError) -> FileStatus? {
    do throws(FileError) {
      var status = stat()
      if path.isEmpty {
        let opened = try root().open("", O_RDONLY | O_DIRECTORY)
        guard unsafe fstat(opened.number, &status) == 0 else { throw FileError("look at", path, errno: errno) }
      } else {
        try call("look at", path) { unsafe fstatat($0, $1, &status, AT_SYMLINK_NOFOLLOW) }
      }
      return FileStatus(status)
    } catch {
      if error.kind == .notFound { return nil }
      throw error
    }
  }

  package var isRootInPlace: Bool { heldRoot?.isInPlace ?? true }

  package func releaseRoot() { heldRoot = nil }

  package func makeDirectory(_ path: String) throws(FileError) {
    guard !path.isEmpty else {
      if heldRoot == nil { try RootDirectory.make(rootPath) }
      return
    }
    var prefix = ""
    for component in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      prefix += (prefix.isEmpty ? "" : "/") + String(Substring(component))
      do {
        try call("make", prefix) { unsafe mkdirat($0, $1, 0o700) }
      } catch {
        guard error.kind == .exists, try status(prefix)?.kind == .directory else { throw error }
      }
    }
  }

  package func removeDirectory(_ path: String) throws(FileError) {
    do {
      try call("remove", path) { unsafe unlinkat($0, $1, AT_REMOVEDIR) }
    } catch {
      // POSIX allows EEXIST for a directory that is not empty.
      throw error.kind == .exists ? FileError("remove", path, errno: ENOTEMPTY) : error
    }
  }

  package func open(_ path: String) throws(FileError) -> any FileReader {
    // O_NONBLOCK: a FIFO must not make us wait for its writer. It means nothing for regular files.
    let descriptor = try root().open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    return try DiskFileReader(path, descriptor, queue)
  }

  package func create(_ path: String) throws(FileError) -> any FileWriter {
    let number = try root().openNumber(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600, for: "create")
    unsynced[path] = failedSyncs
    return DiskFileWriter(path, number: number)
  }

  package func rename(_ source: String, to target: String, isMail: Bool) throws(FileError) {
    do throws(FileError) {
      guard renamesAtOnce else { throw FileError("rename", source, errno: EINVAL) }
      try callBetween("rename", source, target) { unsafe clinux_rename_noreplace($0, $1, $2, $3) }
    } catch {
      // Some file systems cannot do it in one step (EINVAL, ENOSYS).
      guard error.kind == .failed || error.kind == .unsupported else { throw error }
      try renameByLink(source, to: target, isMail: isMail, after: error)
    }
  }

  package func replace(_ path: String, with source: String) throws(FileError) {
    try callBetween("rename", source, path) { unsafe renameat($0, $1, $2, $3) }
  }

  package func link(_ source: String, to target: String) throws(FileError) {
    do {
      try callBetween("link", source, target) { unsafe linkat($0, $1, $2, $3, 0) }
    } catch {
      // A file system without hard links says EPERM.
      guard error.kind == .accessDenied, try status(source)?.kind == .file else { throw error }
      throw FileError(.unsupported, path: error.path, error.text)
    }
  }

  package func unlink(_ path: String) throws(FileError) {
    try call("remove", path) { unsafe unlinkat($0, $1, 0) }
    unsynced[path] = nil
  }

  package func makeDurable(files: [String], directories: [String]) async throws(FileError) {
    let root = try root()
    try refuseLost(files)
    do {
      let barrier = barrier
      try await queue.run { () throws(FileError) in try barrier(files, directories, root) }
    } catch {
      throw counted(error)
    }
    // Another barrier may have failed while this one was under way: the kernel tells only one of them.
    try refuseLost(files)
    for file in files { unsynced[file] = nil }
  }

  private func refuseLost(_ files: [String]) throws(FileError) {
    guard let lost = files.first(where: { unsynced[$0].map { $0 < failedSyncs } ?? false }) else { return }
    throw FileError(.failed, path: lost, "sync \(printable(lost)): another sync of its file system failed")
  }

  package func lock(_ directory: String) throws(FileError) -> (any FileLock)? {
    let descriptor = try root().open(directory, O_RDONLY | O_DIRECTORY, for: "lock")
    guard uninterrupted({ flock(descriptor.number, LOCK_EX | LOCK_NB) }) != 0 else { return DiskFileLock(descriptor) }
    switch errno {
    case EWOULDBLOCK: throw FileError(.held, path: directory, "lock \(printable(directory)): another process holds it")
    // NFS locks only what is open for writing, which no directory is.
    case EBADF, ENOLCK, ENOSYS, EOPNOTSUPP, EINVAL: return nil
    default: throw FileError("lock", directory, errno: errno)
    }
  }

  /// True where some process has the file open for writing; false also where the file system cannot tell.
  package func isBeingWritten(_ path: String) -> Bool {
    let descriptor: FileDescriptor
    do {
      descriptor = try root().open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    } catch {
      // Gone, or not ours to read: whoever asks will meet the same.
      return false
    }
    return WriterLease.isRefused(descriptor.number)
  }

  private func root() throws(FileError) -> RootDirectory {
    if let heldRoot { return heldRoot }
    let opened = try RootDirectory(rootPath, walks: walks)
    heldRoot = opened
    return opened
  }

  private func call(_ operation: String, _ path: String, _ body: (Int32, String) -> Int32) throws(FileError) {
    let failure = try root().withParent(of: path, for: operation) { directory, name -> Int32 in
      uninterrupted { body(directory, name) } == 0 ? 0 : errno
    }
    guard failure == 0 else { throw FileError(operation, path, errno: failure) }
  }

  private func callBetween(
    _ operation: String, _ source: String, _ target: String, _ body: (Int32, String, Int32, String) -> Int32
  ) throws(FileError) {
    let root = try root()
    let outcome = try root.withParent(of: source, for: operation) { from, oldName in
      Result { () throws(FileError) -> Int32 in
        // Most renames stay in one directory, which is then looked up once.
        if let newName = Self.sibling(of: source, target) {
          return uninterrupted { body(from, oldName, from, newName) } == 0 ? 0 : errno
        }
        return try root.withParent(of: target, for: operation) { to, newName -> Int32 in
          uninterrupted { body(from, oldName, to, newName) } == 0 ? 0 : errno
        }
      }
    }
    let failure = try outcome.get()
    guard failure == 0 else {
      let error = FileError(operation, source, errno: failure)
      throw FileError(error.kind, path: source, "\(error.text) (to \(printable(target)))")
    }
  }

  /// The name of `target` where it is in the directory of `path`.
  private static func sibling(of path: String, _ target: String) -> String? {
    let slash = UInt8(ascii: "/")
    guard let end = path.utf8.lastIndex(of: slash), let targetEnd = target.utf8.lastIndex(of: slash),
      path.utf8[..<end].elementsEqual(target.utf8[..<targetEnd])
    else { return nil }
    let name = target[target.utf8.index(after: targetEnd)...]
    return name.isEmpty || name == "." || name == ".." || name.utf8.contains(0) ? nil : String(name)
  }

  /// A link fails where the target is taken, which a rename would not. What it says is true of a rename as well, unless
  /// it says as little.
  private func renameByLink(
    _ source: String, to target: String, isMail: Bool, after refusal: FileError
  ) throws(FileError) {
    if try status(source)?.kind == .directory {
      guard try status(target) == nil else { throw FileError("rename", source, errno: EEXIST) }
      return try replace(target, with: source)
    }
    do {
      try link(source, to: target)
    } catch {
      throw error.kind == .failed ? refusal : error
    }
    // Within one directory the two come to the disk in their order.
    if isMail, source.parentPath != target.parentPath { try syncNow(target.parentPath) }
    try unlink(source)
  }

  /// A directory, on the loop.
  private func syncNow(_ directory: String) throws(FileError) {
    let root = try root()
    do {
      try barrier([], [directory], root)
    } catch {
      throw counted(error)
    }
  }

  /// What a barrier threw. Other kinds come from opening, before anything was synced.
  private func counted(_ error: FileError) -> FileError {
    if error.kind == .failed || error.kind == .full { failedSyncs += 1 }
    return error
  }
}
