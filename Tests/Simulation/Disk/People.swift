package import Mail
package import Ports

/// What people and their programs do: by absolute paths, following links, at once, and told to all who watch. Trouble
/// does not concern them; what POSIX refuses is refused.
extension SimulatedDisk {
  /// Writes a whole file, new or in the place of what was there: open, write, close, and the date where one is given.
  package func write(_ path: String, _ bytes: some Collection<UInt8>, modified: InternalDate? = nil) throws(FileError) {
    let file = try openForWriting(path)
    file.append(bytes)
    if let modified { date(file.entry, modified) }
    file.close()
  }

  package func write(_ path: String, _ text: String, modified: InternalDate? = nil) throws(FileError) {
    try write(path, text.utf8, modified: modified)
  }

  /// A file that is still being written: it may grow, be renamed or removed meanwhile.
  package func openForWriting(_ path: String) throws(FileError) -> GrowingFile {
    let entry = try telling("write", path) { () throws(DiskRefusal) in
      let (directory, name) = try kernel.followed(person(path))
      guard let taken = try kernel.entry(name, in: directory) else {
        return try kernel.make(.file, kernel.name(name), in: directory)
      }
      guard taken.inode.kind == .file else { throw .isDirectory }
      kernel.truncate(taken.inode)
      return taken
    }
    log.note("person writes \(path)")
    return GrowingFile(entry, self)
  }

  /// mv: replaces what is there.
  package func rename(_ source: String, _ target: String) throws(FileError) {
    try telling("rename", source) { () throws(DiskRefusal) in
      let (from, to) = try (person(source), person(target))
      guard let entry = try kernel.entry(from.name, in: from.directory) else { throw .missing }
      try kernel.move(entry, to: kernel.name(to.name), in: to.directory)
      entry.inode.wasMovedByPerson = !source.contains("/tmp/")
    }
    log.note("person renames \(source) -> \(target)")
  }

  package func link(_ source: String, _ target: String) throws(FileError) {
    try telling("link", source) { () throws(DiskRefusal) in
      let (from, to) = try (person(source), person(target))
      guard let entry = try kernel.entry(from.name, in: from.directory) else { throw .missing }
      guard traits.hasHardLinks else { throw .unsupported }
      try kernel.link(entry.inode, as: kernel.name(to.name), in: to.directory)
    }
    log.note("person links \(source) -> \(target)")
  }

  package func symlink(_ content: String, _ path: String) throws(FileError) {
    try make(.symbolicLink, path, content: Array(content.utf8))
  }

  /// A FIFO, a socket, a device.
  package func makeSpecialFile(_ path: String) throws(FileError) { try make(.other, path) }

  /// A file whose name is not UTF-8.
  package func makeRawFile(in directory: String, name: [UInt8]) throws(FileError) {
    precondition(String(validating: name, as: UTF8.self) == nil, "a name that is UTF-8 has a path")
    _ = try telling("write", directory) { () throws(DiskRefusal) in
      let inode = try kernel.find(directory, from: kernel.root, follows: true)
      return try kernel.make(.file, EntryName(undecodable: name), in: inode)
    }
    log.note("person writes a raw name in \(directory)")
  }

  /// Makes what is missing above it too (mkdir -p).
  package func makeDirectory(_ path: String) throws(FileError) {
    try telling("make", path) { () throws(DiskRefusal) in
      var current = kernel.root
      for component in path.split(separator: "/") {
        let name = String(component)
        if try kernel.entry(name, in: current) == nil {
          _ = try kernel.make(.directory, kernel.name(name), in: current)
        }
        current = try kernel.find(name, from: current, follows: true)
      }
    }
    log.note("person makes \(path)")
  }

  package func unlink(_ path: String) throws(FileError) {
    try telling("remove", path) { () throws(DiskRefusal) in
      let (directory, name) = try person(path)
      guard let entry = try kernel.entry(name, in: directory) else { throw .missing }
      guard entry.inode.kind != .directory else { throw .isDirectory }
      try kernel.remove(entry)
    }
    log.note("person removes \(path)")
  }

  /// rm -r: everything below, name by name, and itself.
  package func removeTree(_ path: String) throws(FileError) {
    try telling("remove", path) { () throws(DiskRefusal) in
      let (directory, name) = try person(path)
      guard let entry = try kernel.entry(name, in: directory) else { throw .missing }
      try removeTree(entry)
    }
    log.note("person removes all of \(path)")
  }

  /// rmdir.
  package func removeDirectory(_ path: String) throws(FileError) {
    try telling("remove", path) { () throws(DiskRefusal) in
      let (directory, name) = try person(path)
      guard let entry = try kernel.entry(name, in: directory) else { throw .missing }
      guard entry.inode.kind == .directory else { throw .notDirectory }
      try kernel.remove(entry)
    }
    log.note("person removes directory \(path)")
  }

  package func setModificationTime(_ path: String, to date: InternalDate) throws(FileError) {
    try telling("date", path) { () throws(DiskRefusal) in
      let (directory, name) = try person(path)
      guard let entry = try kernel.entry(name, in: directory) else { throw .missing }
      self.date(entry, date)
    }
    log.note("person dates \(path) \(date)")
  }

  /// chmod: martlet's processes may not open it, list it or look into it, until they may again.
  package func forbid(_ path: String, _ isForbidden: Bool = true) throws(FileError) {
    try telling("forbid", path) { () throws(DiskRefusal) in
      let (directory, name) = try person(path)
      guard let entry = try kernel.entry(name, in: directory) else { throw .missing }
      entry.inode.isForbidden = isForbidden
      entry.inode.touch(at: kernel.now)
      kernel.tellAttributes(of: entry)
    }
    log.note("person \(isForbidden ? "forbids" : "allows") \(path)")
  }

  /// fsync of a file or a directory by another program, which goes on where the disk refuses it.
  package func sync(_ path: String) throws(FileError) {
    guard !trouble.failsSyncs else { return log.note("person cannot sync \(path)") }
    let inode = try telling("sync", path) { () throws(DiskRefusal) in
      try kernel.find(path, from: kernel.root, follows: true)
    }
    if inode.kind == .directory { kernel.journal.keepNames(in: inode) } else { kernel.sync(inode) }
    log.note("person syncs \(path)")
  }

  // MARK: - Within

  /// utime(2) sets the access time too, which is what makes inotify tell of it.
  private func date(_ entry: Entry, _ date: InternalDate) {
    kernel.date(entry.inode, date.nanoseconds)
    kernel.tellAttributes(of: entry)
  }

  func person(_ path: String) throws(DiskRefusal) -> (directory: Inode, name: String) {
    precondition(path.hasPrefix("/") && path.count > 1, "an absolute path that is not the root: \(path)")
    return try kernel.parent(of: path, from: kernel.root, follows: true)
  }

  private func make(_ kind: FileKind, _ path: String, content: [UInt8] = []) throws(FileError) {
    _ = try telling("make", path) { () throws(DiskRefusal) in
      let (directory, name) = try person(path)
      return try kernel.make(kind, kernel.name(name), in: directory, content: content)
    }
    log.note("person makes \(path)")
  }

  private func removeTree(_ entry: Entry) throws(DiskRefusal) {
    for below in entry.inode.names?.sorted ?? [] { try removeTree(below) }
    try kernel.remove(entry)
  }
}

/// A file that another program has open for writing.
@Loop
package final class GrowingFile {
  let entry: Entry
  private let disk: SimulatedDisk
  private let boot: Int
  private var isOpen = true
  private var offset = 0

  init(_ entry: Entry, _ disk: SimulatedDisk) {
    self.entry = entry
    self.disk = disk
    boot = disk.boots
  }

  /// Nothing is written once it is closed, or by a program that a power cut has ended.
  package func append(_ bytes: some Collection<UInt8>) {
    guard isOpen, boot == disk.boots else { return }
    disk.kernel.write(bytes, to: entry.inode, at: offset)
    disk.log.note("person writes \(bytes.count) bytes")
    offset += bytes.count
  }

  package func append(_ text: String) { append(text.utf8) }

  package func close() {
    guard isOpen else { return }
    isOpen = false
    if boot == disk.boots { disk.kernel.closeWritten(entry) }
  }
}
