import Disk
import Glibc
import Ports
import Reactor
import Testing

/// A temporary directory, removed at the end of the test.
@Loop
final class Scratch {
  let path: String

  init() throws {
    var template = Array("/tmp/martlet-disk-XXXXXX".utf8CString)
    let made = unsafe mkdtemp(&template)
    try #require(unsafe made != nil)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  func remove() { removeTree(path) }

  func makeDirectory(_ name: String) throws { try #require(unsafe mkdir("\(path)/\(name)", 0o700) == 0) }

  func symlink(_ content: String, _ name: String) throws {
    try #require(unsafe Glibc.symlink(content, "\(path)/\(name)") == 0)
  }

  func write(_ name: String, _ content: String = "") throws {
    let number = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    try #require(number >= 0)
    let bytes = Array(content.utf8)
    try #require(unsafe Glibc.write(number, bytes, bytes.count) == bytes.count)
    close(number)
  }

  func rename(_ source: String, _ target: String) throws {
    try #require(unsafe Glibc.rename("\(path)/\(source)", "\(path)/\(target)") == 0)
  }

  func unlink(_ name: String) throws { try #require(unsafe Glibc.unlink("\(path)/\(name)") == 0) }

  func removeDirectory(_ name: String) throws { try #require(unsafe rmdir("\(path)/\(name)") == 0) }
}

private func removeTree(_ path: String) {
  for name in DirectoryNames.of(path) {
    if unsafe unlink("\(path)/\(name)") != 0 { removeTree("\(path)/\(name)") }
  }
  _ = unsafe rmdir(path)
}

/// The kind of the error that `body` throws; nil where it throws none.
@Loop
func kind(_ body: () throws(FileError) -> Void) -> FileError.Kind? {
  do {
    try body()
    return nil
  } catch {
    return error.kind
  }
}

@Loop
func content(_ path: String, in files: any FileSystem, limit: Int = 1 << 16) async throws -> String {
  let reader = try files.open(path)
  defer { reader.close() }
  var bytes: [UInt8] = []
  while true {
    let piece = try await reader.read(upTo: limit)
    if piece.isEmpty { return String(decoding: bytes, as: UTF8.self) }
    bytes += piece
  }
}
