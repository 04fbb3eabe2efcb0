import Disk
import Mail
import Ports

/// The disk, until the operation with a given number: that one fails, or it and every one after it, as if the process
/// had died. What was done before is on the disk; it does not simulate what a power cut takes back.
@Loop
final class FaultyFileSystem: FileSystem {
  enum Fault { case once(FileError.Kind), death }

  private let disk: any FileSystem
  private(set) var operationCount = 0
  /// What was made durable last.
  private(set) var durable: [String] = []
  var faultAt: Int?
  /// Called with the files of each barrier, and with both names of each rename, before it; what it throws is its failure.
  var onBarrier: @Loop (_ files: [String]) throws(FileError) -> Void = { _ in }
  var onRename: @Loop (_ source: String, _ target: String) throws(FileError) -> Void = { _, _ in }
  /// Before a file is opened.
  var onOpen: @Loop () -> Void = {}
  private let fault: Fault

  init(root: String, faultAt: Int? = nil, _ fault: Fault = .death) {
    disk = DiskFileSystem(root: root)
    self.faultAt = faultAt
    self.fault = fault
  }

  func step(_ path: String) throws(FileError) {
    operationCount += 1
    guard let faultAt, operationCount >= faultAt else { return }
    switch fault {
    case .once(let kind):
      self.faultAt = nil
      throw FileError(kind, path: path, "\(path): a fault at operation \(operationCount)")
    case .death:
      throw FileError(.failed, path: path, "\(path): dead since operation \(faultAt)")
    }
  }

  func list(_ directory: String) async throws(FileError) -> [DirectoryEntry] {
    try step(directory)
    return try await disk.list(directory)
  }

  var isRootInPlace: Bool { disk.isRootInPlace }
  func releaseRoot() { disk.releaseRoot() }

  func status(_ path: String) throws(FileError) -> FileStatus? {
    try step(path)
    return try disk.status(path)
  }

  func makeDirectory(_ path: String) throws(FileError) {
    try step(path)
    try disk.makeDirectory(path)
  }

  func removeDirectory(_ path: String) throws(FileError) {
    try step(path)
    try disk.removeDirectory(path)
  }

  func open(_ path: String) throws(FileError) -> any FileReader {
    try step(path)
    onOpen()
    return try disk.open(path)
  }

  func create(_ path: String) throws(FileError) -> any FileWriter {
    try step(path)
    return FaultyWriter(path, try disk.create(path), self)
  }

  func rename(_ source: String, to target: String, isMail: Bool) throws(FileError) {
    try step(source)
    try onRename(source, target)
    try disk.rename(source, to: target, isMail: isMail)
  }

  func replace(_ path: String, with source: String) throws(FileError) {
    try step(path)
    try disk.replace(path, with: source)
  }

  func link(_ source: String, to target: String) throws(FileError) {
    try step(source)
    try disk.link(source, to: target)
  }

  func unlink(_ path: String) throws(FileError) {
    try step(path)
    try disk.unlink(path)
  }

  func makeDurable(files: [String], directories: [String]) async throws(FileError) {
    try step(files.first ?? directories.first ?? "")
    try onBarrier(files)
    durable = files + directories
    // The disk itself is trusted here; to wait for it would only make the test slow.
  }

  func lock(_ directory: String) throws(FileError) -> (any FileLock)? {
    try step(directory)
    return try disk.lock(directory)
  }
}

@Loop
private final class FaultyWriter: FileWriter {
  private let path: String
  private let writer: any FileWriter
  private let system: FaultyFileSystem

  init(_ path: String, _ writer: any FileWriter, _ system: FaultyFileSystem) {
    self.path = path
    self.writer = writer
    self.system = system
  }

  func write(_ bytes: [UInt8]) throws(FileError) {
    try system.step(path)
    try writer.write(bytes)
  }

  func finish(modified: InternalDate?) throws(FileError) {
    try system.step(path)
    try writer.finish(modified: modified)
  }

  func abandon() { writer.abandon() }
}
