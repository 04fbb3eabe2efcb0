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
  private let read: @Loop (String) -> [UInt8]?
  private let tell: @Loop (FileAct) -> Void

  /// `read` shows a file's content by its path below the root.
  init(_ base: any FileSystem, read: @escaping @Loop (String) -> [UInt8]?, tell: @escaping @Loop (FileAct) -> Void) {
    self.base = base
    self.read = read
    self.tell = tell
  }

  func list(_ directory: String) async throws(FileError) -> [DirectoryEntry] { try await base.list(directory) }
  func status(_ path: String) throws(FileError) -> FileStatus? { try base.status(path) }
  func open(_ path: String) throws(FileError) -> any FileReader { try base.open(path) }
  func lock(_ directory: String) throws(FileError) -> (any FileLock)? { try base.lock(directory) }

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

  func rename(_ source: String, to target: String) throws(FileError) {
    let bytes = read(source)
    try base.rename(source, to: target)
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
    let bytes = read(path)
    try base.unlink(path)
    if case .message(let directory) = MailPath(path), let bytes {
      tell(.removed(directory: directory, bytes: bytes))
    } else {
      tell(.other)
    }
  }

  func setModificationTime(_ path: String, to date: InternalDate) throws(FileError) {
    try base.setModificationTime(path, to: date)
    tell(.other)
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
