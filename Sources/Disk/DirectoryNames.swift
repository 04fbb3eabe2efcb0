import Glibc

/// The names in a directory, for who needs no more of it and no reason why there are none.
package enum DirectoryNames {
  /// None where it cannot be read: another user's, or a process that has just ended.
  package static func of(_ path: String) -> [String] {
    // Owned here, and closed at the end.
    guard let directory = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return [] }
      let text = unsafe UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
      let name = unsafe String(cString: text)
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
