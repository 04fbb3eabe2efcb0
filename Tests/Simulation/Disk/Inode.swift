import Ports

/// A file, directory, symbolic link or FIFO, whatever it is called by.
@Loop
final class Inode {
  let number: UInt64
  let kind: FileKind
  var volume: Volume
  /// A file's bytes; a symbolic link's target.
  private(set) var content: [UInt8]
  private(set) var modified: Int64
  private(set) var changed: Int64
  var linkCount = 0
  /// Permissions taken away from martlet.
  var isForbidden = false
  /// For a directory.
  let names: DirectoryNames?

  /// What a power cut leaves at least: as of the last sync.
  private(set) var synced: (content: [UInt8], modified: Int64)?
  private(set) var isDirty = false
  /// A sync of it failed: the kernel takes its pages for clean, and no later sync will write them.
  var isLost = false
  /// Its last name was given by a person's program, which moved it from one directory of messages to another.
  var wasMovedByPerson = false
  /// The last change of one of its names, while it may still be lost.
  var lastOperation: Int?

  init(_ number: UInt64, _ kind: FileKind, on volume: Volume, at time: Int64, content: [UInt8] = []) {
    self.number = number
    self.kind = kind
    self.volume = volume
    self.content = content
    modified = time
    changed = time
    names = kind == .directory ? DirectoryNames() : nil
  }

  var status: FileStatus {
    FileStatus(
      kind: kind, size: content.count, modified: modified, changed: changed, inode: number, device: volume.number,
      linkCount: linkCount)
  }

  func write(_ bytes: some Collection<UInt8>, at offset: Int, at time: Int64) {
    guard !bytes.isEmpty else { return }
    if offset > content.count { content += [UInt8](repeating: 0, count: offset - content.count) }
    if offset == content.count {
      content.append(contentsOf: bytes)
    } else {
      content.replaceSubrange(offset..<min(content.count, offset + bytes.count), with: bytes)
    }
    (modified, changed, isDirty) = (time, time, true)
  }

  func truncate(at time: Int64) {
    content = []
    (modified, changed, isDirty) = (time, time, true)
  }

  func date(_ date: Int64, at time: Int64) {
    (modified, changed) = (date, time)
    if kind == .file { isDirty = true }
  }

  /// Its name, its link count or its permissions changed.
  func touch(at time: Int64) { changed = time }

  /// A name in it came or went.
  func touchNames(at time: Int64) { (modified, changed) = (time, time) }

  /// A power cut took back what was done to a directory.
  func restoreTimes(modified: Int64, changed: Int64) { (self.modified, self.changed) = (modified, changed) }

  /// True where the last sync said that it had brought the content to the disk, and had not, because one before had failed.
  var isClaimed: Bool { isLost && !isDirty }

  /// False where an earlier sync failed: it claims to have synced, and did not.
  func sync() {
    isDirty = false
    if !isLost { synced = (content, modified) }
  }

  /// After a power cut.
  func become(content: [UInt8], modified: Int64) {
    (self.content, self.modified) = (content, modified)
    synced = (content, modified)
    (isDirty, isLost) = (false, false)
  }
}

/// What is mounted as a whole, and may be taken away.
@Loop
final class Volume {
  let number: UInt64
  /// Pulled out and put in again: what was held open before is of no use any more.
  private(set) var life = 0
  private(set) var isPulledOut = false

  init(number: UInt64) { self.number = number }

  func pullOut() { isPulledOut = true }

  func putIn() {
    if isPulledOut { life += 1 }
    isPulledOut = false
  }
}
