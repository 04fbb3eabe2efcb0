import Ports

/// A name in a directory, as the kernel keeps it in memory: it stays the same one when it is renamed.
@Loop
final class Entry {
  let inode: Inode
  fileprivate(set) var name: EntryName
  /// Nil once it is removed. A directory outlives its entries.
  fileprivate(set) unowned var parent: Inode?
  fileprivate var slot = 0

  init(_ inode: Inode, _ name: EntryName) {
    self.inode = inode
    self.name = name
  }
}

/// The names in a directory: found by hash, listed in the order of their slots, which are filled up again as they fall
/// free. So a listing has no order to rely on, and one that is interrupted misses or repeats what is renamed meanwhile.
@Loop
final class DirectoryNames {
  private(set) var slots: [Entry?] = []
  private var free: [Int] = []
  private var index: [EntryName: Int] = [:]
  private var listings = 0

  /// Who watches the directory.
  var watches: [Watch] = []
  /// Holds the `flock`.
  weak var lock: SimulatedLock?
  /// The directory's own name.
  unowned var entry: Entry?

  /// Changes of names that may still be lost, and the last one for each name.
  var pending: [Int] = []
  var lastOperations: [EntryName: Int] = [:]
  /// So many pending ones are looked through for those that were made durable from elsewhere.
  var pendingMax = pendingMin
  static let pendingMin = 64

  var count: Int { index.count }
  var isEmpty: Bool { index.isEmpty }

  subscript(name: EntryName) -> Entry? { index[name].flatMap { slots[$0] } }

  func add(_ entry: Entry, to directory: Inode) {
    take(slotFor: entry)
    entry.parent = directory
    entry.inode.names?.entry = entry
  }

  func remove(_ entry: Entry) {
    slots[entry.slot] = nil
    free.append(entry.slot)
    index[entry.name] = nil
    entry.parent = nil
    if entry.inode.names?.entry === entry { entry.inode.names?.entry = nil }
  }

  /// Within the directory; into another slot, as a new name hashes to another place.
  func rename(_ entry: Entry, to name: EntryName) {
    let former = entry.slot
    index[entry.name] = nil
    entry.name = name
    take(slotFor: entry)
    slots[former] = nil
    free.append(former)
  }

  /// Into another directory.
  func move(_ entry: Entry, to name: EntryName, in directory: Inode) {
    remove(entry)
    entry.name = name
    directory.names?.add(entry, to: directory)
  }

  private func take(slotFor entry: Entry) {
    if let slot = free.popLast() {
      slots[slot] = entry
      entry.slot = slot
    } else {
      entry.slot = slots.count
      slots.append(entry)
    }
    index[entry.name] = entry.slot
  }

  /// Where a listing begins: at another place each time.
  func nextListingStart() -> Int {
    listings += 1
    return slots.isEmpty ? 0 : (listings &* 7919) % slots.count
  }

  /// Sorted by their bytes.
  var sorted: [Entry] {
    slots.compactMap(\.self).sorted { $0.name.text.utf8.lexicographicallyPrecedes($1.name.text.utf8) }
  }
}
