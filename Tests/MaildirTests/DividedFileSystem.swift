import Disk
import Ports

/// The disk, with each directory below the root on a file system of its own, as with mounts: no rename and no link goes
/// from one into another. What else mounts differ in (their room, their times) is not played.
@Loop
final class DividedFileSystem: FileSystem {
  private let disk: any FileSystem
  /// Called before each barrier.
  var onBarrier: @Loop () -> Void = {}
  /// What there is no room for then.
  enum Fullness { case directories, names }
  var full: Fullness?

  private let isOne: Bool

  /// `isOne`: not divided at all.
  init(root: String, isOne: Bool = false) {
    disk = DiskFileSystem(root: root)
    self.isOne = isOne
  }

  func list(_ directory: String) async throws(FileError) -> [DirectoryEntry] { try await disk.list(directory) }

  var isRootInPlace: Bool { disk.isRootInPlace }
  func releaseRoot() { disk.releaseRoot() }

  func status(_ path: String) throws(FileError) -> FileStatus? { try disk.status(path) }

  func makeDirectory(_ path: String) throws(FileError) {
    if full == .directories { throw FileError(.full, path: path, "\(path): No space left on device") }
    try disk.makeDirectory(path)
  }

  func removeDirectory(_ path: String) throws(FileError) { try disk.removeDirectory(path) }

  func open(_ path: String) throws(FileError) -> any FileReader { try disk.open(path) }

  func create(_ path: String) throws(FileError) -> any FileWriter { try disk.create(path) }

  func rename(_ source: String, to target: String, isMail: Bool) throws(FileError) {
    try requireOneMount(source, target)
    if full == .names { throw FileError(.full, path: target, "\(target): No space left on device") }
    try disk.rename(source, to: target, isMail: isMail)
  }

  func replace(_ path: String, with source: String) throws(FileError) {
    try requireOneMount(source, path)
    try disk.replace(path, with: source)
  }

  func link(_ source: String, to target: String) throws(FileError) {
    try requireOneMount(source, target)
    try disk.link(source, to: target)
  }

  func unlink(_ path: String) throws(FileError) { try disk.unlink(path) }

  func makeDurable(files: [String], directories: [String]) async throws(FileError) { onBarrier() }

  func lock(_ directory: String) throws(FileError) -> (any FileLock)? { try disk.lock(directory) }

  private func requireOneMount(_ one: String, _ two: String) throws(FileError) {
    guard isOne || one.split(separator: "/").first == two.split(separator: "/").first else {
      throw FileError(.unsupported, path: one, "\(one): Invalid cross-device link (to \(two))")
    }
  }
}
