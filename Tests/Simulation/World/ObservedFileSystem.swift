import Mail
import Ports

/// What martlet does to the Maildir, seen from outside of it.
package enum FileAct: Hashable, Sendable {
  /// A message's file was taken out of its folder's directory.
  case removed(directory: String, bytes: [UInt8])
  /// A deleted message's file came back.
  case restored(directory: String, bytes: [UInt8])
  /// A file that was none before is one of the folder's messages now.
  case delivered(directory: String, bytes: [UInt8])
  /// Another effect on anything.
  case other
}

/// A process's file system that tells the checkers of laws what is done to mail, after it was done.
@Loop
final class ObservedFileSystem: FileSystem {
  private let base: any FileSystem
  private let disk: SimulatedDisk
  private let root: String
  private let tell: @Loop (FileAct) -> Void

  /// `base` is what a process sees of `disk` below `root`.
  init(_ base: any FileSystem, on disk: SimulatedDisk, root: String, tell: @escaping @Loop (FileAct) -> Void) {
    self.base = base
    self.disk = disk
    self.root = root
    self.tell = tell
  }

  private func read(_ path: String) -> [UInt8]? { disk.read("\(root)/\(path)") }

  /// True where the folder has another name of the same file: what a death left of a rename.
  private func hasSecondName(_ path: String) -> Bool {
    guard let file = disk.status("\(root)/\(path)"), file.linkCount > 1 else { return false }
    let parts = ["cur", "new"].map { "\(root)/\(path.parentPath.parentPath.appending(path: $0))" }
    let names = parts.flatMap { part in disk.list(part).map { "\(part)/\($0)" } }
    return names.count { disk.status($0)?.inode == file.inode } > 1
  }

  func list(_ directory: String) async throws(FileError) -> [DirectoryEntry] { try await base.list(directory) }
  func status(_ path: String) throws(FileError) -> FileStatus? { try base.status(path) }
  func open(_ path: String) throws(FileError) -> any FileReader { try base.open(path) }
  func lock(_ directory: String) throws(FileError) -> (any FileLock)? { try base.lock(directory) }

  var isRootInPlace: Bool { base.isRootInPlace }
  func releaseRoot() { base.releaseRoot() }

  func makeDirectory(_ path: String) throws(FileError) {
    let isThere = try base.status(path) != nil
    try base.makeDirectory(path)
    if !isThere { tell(.other) }
  }

  func removeDirectory(_ path: String) throws(FileError) {
    try base.removeDirectory(path)
    tell(.other)
  }

  func create(_ path: String) throws(FileError) -> any FileWriter {
    defer { tell(.other) }
    return try base.create(path)
  }

  func rename(_ source: String, to target: String, isMail: Bool) throws(FileError) {
    let bytes = read(source)
    try base.rename(source, to: target, isMail: isMail)
    let (from, to) = (MailPath(source), MailPath(target))
    switch (from, to, bytes) {
    case (.message(let directory), .kept, let bytes?): tell(.removed(directory: directory, bytes: bytes))
    case (.kept, .message(let directory), let bytes?): tell(.restored(directory: directory, bytes: bytes))
    case (.other, .message(let directory), let bytes?): tell(.delivered(directory: directory, bytes: bytes))
    default: tell(.other)
    }
  }

  func replace(_ path: String, with source: String) throws(FileError) {
    try base.replace(path, with: source)
    tell(.other)
  }

  func link(_ source: String, to target: String) throws(FileError) {
    try base.link(source, to: target)
    if case .message(let directory) = MailPath(target), let bytes = read(target) {
      tell(.delivered(directory: directory, bytes: bytes))
    } else {
      tell(.other)
    }
  }

  func unlink(_ path: String) throws(FileError) {
    let bytes = hasSecondName(path) ? nil : read(path)
    try base.unlink(path)
    if case .message(let directory) = MailPath(path), let bytes {
      tell(.removed(directory: directory, bytes: bytes))
    } else {
      tell(.other)
    }
  }

  func makeDurable(files: [String], directories: [String]) async throws(FileError) {
    try await base.makeDurable(files: files, directories: directories)
  }
}

/// What a path below a Maildir's root is for.
enum MailPath: Hashable {
  /// A message in this folder's directory, which is empty for the root's own.
  case message(directory: String)
  /// A message that was deleted, in martlet's own directory.
  case kept
  case other

  init(_ path: String) {
    if path.hasPrefix(".martlet/limbo/") {
      self = .kept
      return
    }
    let components = path.split(separator: "/", omittingEmptySubsequences: false)
    guard components.count >= 2, ["cur", "new"].contains(components[components.count - 2]) else {
      self = .other
      return
    }
    self = .message(directory: components.dropLast(2).joined(separator: "/"))
  }
}
