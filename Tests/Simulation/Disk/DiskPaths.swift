import Ports

extension DiskKernel {
  /// PATH_MAX, with the NUL.
  static let pathLengthMax = 4095
  private static let linksMax = 40

  /// As the adapter checks it: below the root, with no empty or dotted component.
  static func staysInside(_ path: String) -> Bool {
    path.isEmpty
      || path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { component in
        !component.isEmpty && !component.elementsEqual([0x2E]) && !component.elementsEqual([0x2E, 0x2E])
          && !component.contains(0)
      }
  }

  /// What is at a path below `start`. `follows` as the system does for people; else no link is followed, and where the
  /// path ends at one, it is what is found.
  func find(_ path: some StringProtocol, from start: Inode, follows: Bool, links: Int = 0) throws(DiskRefusal) -> Inode
  {
    guard path.utf8.count <= Self.pathLengthMax else { throw .nameTooLong }
    var current = start
    for component in path.split(separator: "/") {
      current = try step(String(component), in: current, follows: follows, links: links)
    }
    return current
  }

  func entry(_ name: String, in directory: Inode) throws(DiskRefusal) -> Entry? {
    try names(of: directory)[self.name(name)]
  }

  /// The names in a directory that may be looked into.
  func names(of directory: Inode) throws(DiskRefusal) -> DirectoryNames {
    guard let names = directory.names else { throw directory.kind == .symbolicLink ? .symbolicLink : .notDirectory }
    guard !directory.volume.isPulledOut else { throw .broken }
    return names
  }

  private func step(_ name: String, in directory: Inode, follows: Bool, links: Int) throws(DiskRefusal) -> Inode {
    if follows, name == "." { return directory }
    if follows, name == ".." { return directory.names?.entry?.parent ?? root }
    if !follows, directory.isForbidden { throw .denied }
    guard let found = try entry(name, in: directory)?.inode else { throw .missing }
    guard follows, found.kind == .symbolicLink else { return found }
    guard links < Self.linksMax else { throw .symbolicLink }
    let target = String(decoding: found.content, as: UTF8.self)
    return try find(target, from: target.hasPrefix("/") ? root : directory, follows: true, links: links + 1)
  }

  /// The directory that holds `path`, and the last component.
  func parent(of path: String, from start: Inode, follows: Bool) throws(DiskRefusal) -> (directory: Inode, name: String)
  {
    guard path.utf8.count <= Self.pathLengthMax else { throw .nameTooLong }
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (start, path) }
    let directory = try find(path[..<slash], from: start, follows: follows)
    if directory.names == nil { throw directory.kind == .symbolicLink ? .symbolicLink : .notDirectory }
    return (directory, String(path[path.utf8.index(after: slash)...]))
  }

  /// Where a link at that place leads, there or not.
  func followed(_ place: (directory: Inode, name: String)) throws(DiskRefusal) -> (directory: Inode, name: String) {
    var place = place
    for _ in 0..<Self.linksMax {
      guard let inode = try entry(place.name, in: place.directory)?.inode, inode.kind == .symbolicLink else {
        return place
      }
      let target = String(decoding: inode.content, as: UTF8.self)
      place = try parent(of: target, from: target.hasPrefix("/") ? root : place.directory, follows: true)
    }
    throw .symbolicLink
  }
}
