import Mail
import Ports

/// Where a file system takes `archive` for `Archive`, or writes an accent in its own way, two names lead to one directory.
/// They would be one folder here and two on the other side, and each would get the other's messages (law L3): a directory
/// is the folder of the name that it is listed under, and of no other.
extension MaildirRoot {
  /// Whether something has this very name, byte by byte.
  func isListed(_ path: String) async throws(FileError) -> Bool {
    let name = path.lastPathComponent
    let entries = try await fileSystem.list(path.parentPath, beginningWith: [name])
    return entries.contains { $0.isDecodable && $0.name.utf8.elementsEqual(name.utf8) }
  }

  /// The path that the directory at `path` is listed under, which itself is not; nil where there is none.
  func otherSpelling(of path: String) async throws(FileError) -> String? {
    guard let found = try fileSystem.status(path), found.kind == .directory else { return nil }
    for entry in try await fileSystem.list(path.parentPath) where entry.kind == .directory && entry.isDecodable {
      let other = path.parentPath.appending(path: entry.name)
      guard let status = try fileSystem.status(other), status.inode == found.inode, status.device == found.device
      else { continue }
      // Of its own name it came meanwhile.
      return entry.name.utf8.elementsEqual(path.lastPathComponent.utf8) ? nil : other
    }
    return nil
  }

  /// Throws `.notFound` where the directory, or one above it, is another folder's by its name.
  func requireSpelling(of directory: String) async throws(FileError) {
    for path in directory.withParents where !path.isEmpty {
      guard try await !isListed(path), let other = try await otherSpelling(of: path) else { continue }
      throw FileError(.notFound, path: path, "\(printable(path)): the directory is called \(printable(other)) by now")
    }
  }
}
