package import Ports

/// A file as a checker sees it.
package struct DiskFile: Hashable, Sendable {
  /// Absolute.
  package let path: String
  package let bytes: [UInt8]
  /// Nanoseconds since 1970.
  package let modified: Int64
}

/// What running programs see, without doing anything: for checkers, and for people who decide what to do next.
extension SimulatedDisk {
  /// Every regular file below, sorted by path; none where there is no such directory. Names that are not UTF-8 are
  /// left out.
  package func files(below path: String) -> [DiskFile] {
    var found: [DiskFile] = []
    visit(path) { path, inode in
      if inode.kind == .file { found.append(DiskFile(path: path, bytes: inode.content, modified: inode.modified)) }
    }
    return found
  }

  /// Every directory below, each before those in it.
  package func directories(below path: String) -> [String] {
    var found: [String] = []
    visit(path) { path, inode in if inode.kind == .directory { found.append(path) } }
    return found
  }

  /// A line for everything below, to compare two disks by: kind, path, size, checksum, date. Directories have no date,
  /// for it tells when, and not what.
  package func dump(below path: String) -> [String] {
    var lines: [String] = []
    visit(path) { path, inode in
      switch inode.kind {
      case .file:
        lines.append("file \(path) \(inode.content.count) \(checksum(inode.content)) \(inode.modified)")
      case .symbolicLink: lines.append("link \(path) -> \(String(decoding: inode.content, as: UTF8.self))")
      case .directory: lines.append("directory \(path)")
      case .other: lines.append("other \(path)")
      }
    }
    return lines
  }

  /// A file's content; nil where there is none to read.
  package func read(_ path: String) -> [UInt8]? {
    guard let inode = lookUp(path), inode.kind == .file else { return nil }
    return inode.content
  }

  package func text(_ path: String) -> String? { read(path).map { String(decoding: $0, as: UTF8.self) } }

  /// The names in a directory, sorted by their bytes; none where there is no such directory.
  package func list(_ path: String) -> [String] { lookUp(path)?.names?.sorted.map(\.name.text) ?? [] }

  /// Follows links, also at the end.
  package func status(_ path: String) -> FileStatus? { lookUp(path)?.status }

  package func exists(_ path: String) -> Bool { lookUp(path) != nil }

  package var usedBytes: Int { kernel.usedBytes }

  private func lookUp(_ path: String) -> Inode? {
    do throws(DiskRefusal) {
      return try kernel.find(path, from: kernel.root, follows: true)
    } catch {
      return nil
    }
  }

  private func visit(_ path: String, _ body: (String, Inode) -> Void) {
    guard let start = lookUp(path) else { return }
    visit(path == "/" ? "" : path, start, body)
  }

  private func visit(_ path: String, _ directory: Inode, _ body: (String, Inode) -> Void) {
    for entry in directory.names?.sorted ?? [] where entry.name.isDecodable {
      let below = "\(path)/\(entry.name.text)"
      body(below, entry.inode)
      visit(below, entry.inode, body)
    }
  }

  /// FNV-1a.
  private func checksum(_ bytes: [UInt8]) -> String {
    let sum = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return String(sum, radix: 16)
  }
}
