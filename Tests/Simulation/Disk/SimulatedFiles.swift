import Mail
import Ports

/// A file being read: of the same inode, whatever it is called by now.
@Loop
final class SimulatedReader: FileReader {
  let size: Int
  let modified: InternalDate
  private let path: String
  private let opened: FileStatus
  private let volumeLife: Int
  private let files: SimulatedFileSystem
  private var inode: Inode?
  private var offset = 0

  init(_ path: String, _ inode: Inode, _ files: SimulatedFileSystem) {
    self.path = path
    self.inode = inode
    self.files = files
    opened = inode.status
    volumeLife = inode.volume.life
    size = opened.size
    modified = opened.modifiedDate
  }

  func read(upTo limit: Int) async throws(FileError) -> [UInt8] {
    // What is in memory is had at once.
    if files.kernel.trouble.latency > .zero { await files.pause() }
    let inode = try usable()
    guard offset < inode.content.count else { return [] }
    let bytes = Array(inode.content[offset..<min(inode.content.count, offset + limit)])
    offset += bytes.count
    return bytes
  }

  func rewind() throws(FileError) {
    guard inode != nil else { throw closedError }
    offset = 0
  }

  func isUnchanged() throws(FileError) -> Bool {
    let now = try usable().status
    return now.size == opened.size && now.modified == opened.modified
  }

  func close() { inode = nil }

  private func usable() throws(FileError) -> Inode {
    guard let inode else { throw closedError }
    try files.check("read", path, opens: false)
    let isHere = !inode.volume.isPulledOut && inode.volume.life == volumeLife
    guard isHere else { throw FileError("read", path, .broken) }
    return inode
  }

  private var closedError: FileError { FileError(.failed, path: path, "read \(printable(path)): it was closed") }
}

/// A new file being written. It keeps the name under which it was made, wherever that is renamed to.
@Loop
final class SimulatedWriter: FileWriter {
  private let path: String
  private let id: Int
  private let files: SimulatedFileSystem
  private let volumeLife: Int
  private var entry: Entry?
  private var offset = 0

  init(_ path: String, _ entry: Entry, _ id: Int, _ files: SimulatedFileSystem) {
    self.path = path
    self.entry = entry
    self.id = id
    self.files = files
    volumeLife = entry.inode.volume.life
  }

  isolated deinit { abandon() }

  func write(_ bytes: [UInt8]) throws(FileError) {
    let entry = try usable("write")
    let (trouble, kernel) = (files.kernel.trouble, files.kernel)
    if trouble.isReadOnly { throw FileError("write", path, .readOnly) }
    let room = trouble.isFull ? 0 : trouble.capacity.map { max(0, $0 - kernel.usedBytes) } ?? bytes.count
    guard room > 0 || bytes.isEmpty else { throw FileError("write", path, .full) }
    try files.act("write \(bytes.count) bytes to", path)
    kernel.write(bytes.prefix(room), to: entry.inode, at: offset)
    offset += min(room, bytes.count)
    if room < bytes.count { throw FileError("write", path, .full) }
  }

  func finish(modified: InternalDate?) throws(FileError) {
    let entry = try usable("close")
    // Whatever goes wrong, it is closed.
    defer { abandon() }
    guard let modified else { return }
    try files.act("date", path)
    files.kernel.date(entry.inode, modified.nanoseconds)
  }

  func abandon() {
    guard let entry else { return }
    self.entry = nil
    files.closed(id)
    if entry.inode.volume.life == volumeLife { files.kernel.closeWritten(entry) }
  }

  private func usable(_ operation: String) throws(FileError) -> Entry {
    guard let entry else {
      throw FileError(.failed, path: path, "\(operation) \(printable(path)): it was closed")
    }
    try files.check(operation, path, opens: false)
    let isHere = !entry.inode.volume.isPulledOut && entry.inode.volume.life == volumeLife
    guard isHere else { throw FileError(operation, path, .broken) }
    return entry
  }
}

/// `flock` on a directory; the kernel lets go of it when the process ends.
@Loop
final class SimulatedLock: FileLock {
  private weak var names: DirectoryNames?

  init(_ names: DirectoryNames) { self.names = names }

  isolated deinit { release() }

  func release() {
    if names?.lock === self { names?.lock = nil }
    names = nil
  }
}
