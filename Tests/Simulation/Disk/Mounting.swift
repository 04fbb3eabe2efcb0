package import Ports
package import Support

/// How a file system goes.
package enum Unmounting: Sendable {
  /// `umount -l`: written back; who has it open goes on with it, unseen by others.
  case lazily
  /// The cable was pulled: what was not synced may be lost, and what is held open fails for good.
  case pulledOut
}

/// What is found where it was.
package enum MountPoint: Sendable { case emptyDirectory, nothing }

/// A tree that is not mounted, and what its mount point was like.
struct Unmounted {
  let root: Inode
  /// What is in its place, unless that was removed.
  let placeholder: Inode?
}

extension SimulatedDisk {
  /// An empty file system of its own, mounted at a new directory: renames and links across its border are refused.
  package func makeVolume(_ path: String) throws(FileError) {
    try telling("mount", path) { () throws(DiskRefusal) in
      let (directory, name) = try person(path)
      _ = try kernel.make(.directory, kernel.name(name), in: directory, on: kernel.makeVolume())
    }
    log.note("disk has a volume at \(path)")
    writeBack(on: nil)
  }

  /// Takes the tree at `path` away; a plain directory becomes a file system of its own by it. Nobody who watches is
  /// told: their watches end silently with the tree, or go on seeing what is done in it.
  package func unmount(
    _ path: String, _ way: Unmounting = .lazily, leaving rest: MountPoint = .emptyDirectory, dice: inout Dice
  ) throws(FileError) {
    let (directory, entry) = try mountPoint(path)
    let (tree, parent) = (entry.inode, directory)
    if tree.volume === parent.volume {
      let volume = kernel.makeVolume()
      setVolume(tree, volume, instead: parent.volume)
      kernel.journal.bringRemoved(to: volume, from: parent.volume)
    }
    log.note("disk loses the mount at \(path)")
    // The mount point itself is as durable as ever.
    kernel.journal.keepNames(in: parent)
    switch way {
    case .lazily: writeBack(on: tree.volume)
    case .pulledOut:
      loseUnsynced(on: tree.volume, dice: &dice)
      tree.volume.pullOut()
    }
    kernel.drop(entry, parent)
    var placeholder: Inode?
    if rest == .emptyDirectory, let names = parent.names {
      let empty = kernel.makeHidden(on: parent.volume)
      kernel.place(Entry(empty, entry.name), names, parent)
      placeholder = empty
    }
    unmounted[path] = Unmounted(root: tree, placeholder: placeholder)
  }

  /// Brings the tree back. What was written into its mount point meanwhile is hidden by it, and gone.
  package func mount(_ path: String) throws(FileError) {
    guard let tree = unmounted.removeValue(forKey: path)?.root else {
      throw FileError("mount", path, .missing)
    }
    try telling("mount", path) { () throws(DiskRefusal) in
      let (directory, name) = try person(path)
      guard let names = directory.names else { throw .notDirectory }
      let entryName = try kernel.name(name)
      kernel.journal.keepNames(in: directory)
      if let placeholder = names[entryName] {
        kernel.endWatches(of: placeholder.inode)
        kernel.drop(placeholder, directory)
      }
      tree.volume.putIn()
      kernel.place(Entry(tree, entryName), names, directory)
    }
    log.note("disk mounts \(path)")
  }

  private func mountPoint(_ path: String) throws(FileError) -> (directory: Inode, entry: Entry) {
    try telling("unmount", path) { () throws(DiskRefusal) in
      let (directory, name) = try person(path)
      guard let entry = try kernel.entry(name, in: directory), entry.inode.kind == .directory else { throw .missing }
      return (directory, entry)
    }
  }

  private func setVolume(_ inode: Inode, _ volume: Volume, instead former: Volume) {
    guard inode.volume === former else { return }
    inode.volume = volume
    for entry in inode.names?.sorted ?? [] { setVolume(entry.inode, volume, instead: former) }
  }
}
