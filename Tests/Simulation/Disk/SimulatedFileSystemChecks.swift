import Mail
import Ports

/// Paths and trouble, before anything is done.
extension SimulatedFileSystem {
  typealias Place = (directory: Inode, name: String)

  /// Each effect asks here, and is noted.
  func act(_ operation: String, _ what: String) throws(FileError) {
    let line = "disk \(operation) \(what)"
    guard life.mayAct(line) else { throw .dead(operation, what) }
    disk.log.note(line)
  }

  /// Every call comes by here.
  func check(_ operation: String, _ path: String, opens: Bool = true) throws(FileError) {
    guard !life.isDead else { throw .dead(operation, path) }
    let trouble = kernel.trouble
    // A path of several components needs a descriptor for the directory.
    if trouble.isOutOfDescriptors, opens || path.utf8.contains(UInt8(ascii: "/")) {
      throw FileError(operation, path, .tooManyOpen)
    }
    if disk.failsNow || isFailing(path, trouble.failingPaths) { throw FileError(operation, path, .broken) }
  }

  private func isFailing(_ path: String, _ failing: [String]) -> Bool {
    guard !failing.isEmpty else { return false }
    let full = Array((path.isEmpty ? rootPath : "\(rootPath)/\(path)").utf8)
    return failing.contains { prefix in
      full.starts(with: prefix.utf8)
        && (full.count == prefix.utf8.count || full[prefix.utf8.count] == UInt8(ascii: "/"))
    }
  }

  /// A new file or directory takes space, and a place in a directory.
  func demandNew(_ operation: String, _ path: String, _ directory: Inode) throws(FileError) {
    if kernel.trouble.isFull { throw FileError(operation, path, .full) }
    try telling(operation, path) { () throws(DiskRefusal) in try demandWritable(directory) }
  }

  func demandWritable(_ directory: Inode) throws(DiskRefusal) {
    if kernel.trouble.isReadOnly { throw .readOnly }
    if directory.isForbidden { throw .denied }
  }

  /// The directory that holds `path`, without following any link (law L12).
  func parent(of path: String, for operation: String) throws(FileError) -> Place {
    try check(operation, path, opens: false)
    guard !path.isEmpty, DiskKernel.staysInside(path) else { throw Self.leaving(operation, path) }
    let root = try root(operation)
    let place = try telling(operation, path) { () throws(DiskRefusal) in
      try kernel.parent(of: path, from: root, follows: false)
    }
    if place.directory.isForbidden { throw FileError(operation, path, .denied) }
    return place
  }

  func entry(_ place: Place, _ operation: String, _ path: String) throws(FileError) -> Entry? {
    try telling(operation, path) { () throws(DiskRefusal) in try kernel.entry(place.name, in: place.directory) }
  }

  func existing(_ path: String, for operation: String) throws(FileError) -> (place: Place, entry: Entry) {
    let place = try parent(of: path, for: operation)
    guard let entry = try entry(place, operation, path) else { throw FileError(operation, path, .missing) }
    return (place, entry)
  }

  /// What an open would find: the last component is no link either, which the caller sees by its kind.
  func found(_ path: String, from start: Inode? = nil, for operation: String) throws(FileError) -> Inode {
    try check(operation, path)
    guard DiskKernel.staysInside(path) else { throw Self.leaving(operation, path) }
    let root = if let start { start } else { try root(operation) }
    return try telling(operation, path) { () throws(DiskRefusal) in
      if root.volume.isPulledOut { throw .broken }
      return try kernel.find(path, from: root, follows: false)
    }
  }

  private static func leaving(_ operation: String, _ path: String) -> FileError {
    FileError(.failed, path: path, "\(operation): a path that leaves the root, or names nothing")
  }

  // MARK: - The barrier

  /// `DurabilityBarrier.manyFiles`: from so many on, the adapter syncs the file system, and looks at no single file.
  private static let manyFiles = 4

  func passBarrier(_ files: [String], _ directories: [String], _ root: Inode) throws(FileError) {
    var inodes: [Inode] = []
    let isMany = files.count >= Self.manyFiles
    for file in files {
      do throws(FileError) {
        let inode = try found(file, from: root, for: "sync")
        if !isMany, inode.kind == .symbolicLink { throw FileError("sync", file, .symbolicLink) }
        if !isMany, inode.kind == .other { throw FileError("sync", file, .unsupported) }
        inodes.append(inode)
      } catch {
        // syncfs takes what is there; only where the directory is missing is there nothing to call it on.
        guard isMany, error.kind == .notFound else { throw error }
        let parent = file.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(file[..<$0]) } ?? ""
        _ = try found(parent, from: root, for: "sync")
      }
    }
    if !files.isEmpty {
      try actBarrier("sync \(files.count) files, first", files[0], inodes)
      for inode in inodes { kernel.sync(inode) }
    }
    for directory in directories {
      let inode = try found(directory, from: root, for: "sync")
      try telling("sync", directory) { () throws(DiskRefusal) in _ = try kernel.names(of: inode) }
      try actBarrier("sync directory", directory, [])
      kernel.journal.keepNames(in: inode)
    }
  }

  private func actBarrier(_ operation: String, _ path: String, _ inodes: [Inode]) throws(FileError) {
    try act(operation, path)
    guard kernel.trouble.failsSyncs else { return }
    for inode in inodes { inode.isLost = true }
    throw FileError("sync", path, .broken)
  }
}

extension InternalDate {
  var nanoseconds: Int64 { secondsSince1970 &* 1_000_000_000 }
}
