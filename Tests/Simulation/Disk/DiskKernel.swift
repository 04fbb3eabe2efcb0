import Ports

/// What the kernel does with inodes and names, and whom it tells. The callers have looked at trouble, and at paths.
@Loop
final class DiskKernel {
  let traits: DiskTraits
  let clock: any LoopClock
  let journal: NameJournal
  let root: Inode
  var trouble = DiskTrouble()
  /// Files whose content or date a power cut may take, by number.
  private(set) var unsynced: [UInt64: Inode] = [:]
  /// Bytes of all files that have a name.
  private(set) var usedBytes = 0
  private(set) var watchCount = 0
  private var lastWatch: Int32 = 0
  private var lastInode: UInt64 = 1
  private var lastVolume: UInt64 = 1
  private var lastCookie: UInt32 = 0

  init(_ traits: DiskTraits, clock: any LoopClock) {
    self.traits = traits
    self.clock = clock
    journal = NameJournal(traits.journal)
    root = Inode(1, .directory, on: Volume(number: 1), at: 0)
    root.linkCount = 1
  }

  /// Nanoseconds since 1970, in the steps of the file system.
  var now: Int64 {
    let time = clock.wallTime
    let exact = time.seconds &* 1_000_000_000 &+ Int64(time.microseconds) &* 1000
    return exact - exact % max(1, traits.timeStep)
  }

  func makeVolume() -> Volume {
    lastVolume += 1
    return Volume(number: lastVolume)
  }

  func name(_ text: String) throws(DiskRefusal) -> EntryName {
    let name = EntryName(text, traits.names)
    guard name.text.utf8.count <= traits.nameLengthMax else { throw .nameTooLong }
    return name
  }

  // MARK: - Names

  func make(
    _ kind: FileKind, _ name: EntryName, in directory: Inode, on volume: Volume? = nil, content: [UInt8] = []
  ) throws(DiskRefusal) -> Entry {
    let names = try freeName(name, in: directory)
    lastInode += 1
    let time = now
    let inode = Inode(lastInode, kind, on: volume ?? directory.volume, at: time, content: content)
    let entry = Entry(inode, name)
    journal.note(inode, removed: nil, added: NamePlace(name, in: directory))
    place(entry, names, directory)
    if kind == .file { unsynced[inode.number] = inode }
    directory.touchNames(at: time)
    tell(.created, in: directory, name.text, isDirectory: kind == .directory)
    return entry
  }

  /// A directory that has no name yet: a mount point's empty rest.
  func makeHidden(on volume: Volume) -> Inode {
    lastInode += 1
    return Inode(lastInode, .directory, on: volume, at: now)
  }

  @discardableResult
  func link(_ inode: Inode, as name: EntryName, in directory: Inode) throws(DiskRefusal) -> Entry {
    guard inode.kind != .directory else { throw .notPermitted }
    let names = try freeName(name, in: directory)
    guard inode.volume === directory.volume else { throw .otherDevice }
    let entry = Entry(inode, name)
    journal.note(inode, removed: nil, added: NamePlace(name, in: directory))
    place(entry, names, directory)
    inode.touch(at: now)
    directory.touchNames(at: now)
    tell(.created, in: directory, name.text, isDirectory: false)
    return entry
  }

  /// A directory must be empty.
  func remove(_ entry: Entry) throws(DiskRefusal) {
    guard let directory = entry.parent else { throw .missing }
    if let names = entry.inode.names, !names.isEmpty { throw .notEmpty }
    journal.note(entry.inode, removed: NamePlace(entry.name, in: directory), added: nil)
    drop(entry, directory)
    entry.inode.touch(at: now)
    directory.touchNames(at: now)
    endWatches(of: entry.inode)
    tell(.deleted, in: directory, entry.name.text, isDirectory: entry.inode.kind == .directory)
  }

  /// Replaces what has the name, as rename(2) does.
  func move(_ entry: Entry, to name: EntryName, in directory: Inode) throws(DiskRefusal) {
    guard let source = entry.parent, let names = directory.names else { throw .missing }
    guard source.volume === directory.volume, entry.inode.volume === directory.volume else { throw .otherDevice }
    guard !isInside(directory, entry.inode) else { throw .invalid }
    let target = names[name]
    if target === entry, name.text.utf8.elementsEqual(entry.name.text.utf8) { return }
    if let target, target !== entry {
      if target.inode === entry.inode { return }
      guard !isInside(source, target.inode) else { throw .notEmpty }
      try checkReplacing(target.inode, by: entry.inode)
    }
    let replaced = target === entry ? nil : target?.inode
    journal.note(
      entry.inode, removed: NamePlace(entry.name, in: source), added: NamePlace(name, in: directory),
      replaced: replaced)
    if let target, target !== entry {
      drop(target, directory)
      target.inode.touch(at: now)
    }
    let (former, time) = (entry.name, now)
    if source === directory {
      names.rename(entry, to: name)
    } else {
      source.names?.move(entry, to: name, in: directory)
    }
    entry.inode.touch(at: time)
    source.touchNames(at: time)
    directory.touchNames(at: time)
    lastCookie += 1
    let isDirectory = entry.inode.kind == .directory
    tell(.movedOut(cookie: lastCookie), in: source, former.text, isDirectory: isDirectory)
    tell(.movedIn(cookie: lastCookie), in: directory, name.text, isDirectory: isDirectory)
    // What is replaced has fewer links now, and in the end is gone.
    if let replaced, isDirectory { tell(.attributesChanged, in: replaced, "", isDirectory: true) }
    for watch in entry.inode.names?.watches ?? [] { watch.watcher.receive(.itself(watch.number)) }
    if let replaced { endWatches(of: replaced) }
  }

  private func freeName(_ name: EntryName, in directory: Inode) throws(DiskRefusal) -> DirectoryNames {
    guard let names = directory.names else { throw .notDirectory }
    guard names[name] == nil else { throw .taken }
    // Removed, and still somebody's root or working directory: nothing can be made in it.
    guard directory.linkCount > 0 else { throw .missing }
    return names
  }

  private func checkReplacing(_ target: Inode, by source: Inode) throws(DiskRefusal) {
    guard let names = target.names else {
      if source.kind == .directory { throw .notDirectory }
      return
    }
    guard source.kind == .directory else { throw .isDirectory }
    guard names.isEmpty else { throw .notEmpty }
  }

  private func isInside(_ directory: Inode, _ inode: Inode) -> Bool {
    guard inode.kind == .directory else { return false }
    var current: Inode? = directory
    while let checked = current {
      if checked === inode { return true }
      current = checked.names?.entry?.parent
    }
    return false
  }

  /// Puts a name where none is, and says nothing of it: also for what a power cut or a mount brings back.
  func place(_ entry: Entry, _ names: DirectoryNames, _ directory: Inode) {
    names.add(entry, to: directory)
    entry.inode.linkCount += 1
    if entry.inode.linkCount == 1 { usedBytes += entry.inode.content.count }
  }

  func drop(_ entry: Entry, _ directory: Inode) {
    directory.names?.remove(entry)
    entry.inode.linkCount -= 1
    if entry.inode.linkCount == 0 { usedBytes -= entry.inode.content.count }
  }

  // MARK: - Content

  /// At an offset, as each descriptor has its own: beyond the end, the gap is zeros.
  func write(_ bytes: some Collection<UInt8>, to inode: Inode, at offset: Int) {
    let size = inode.content.count
    inode.write(bytes, at: offset, at: now)
    if inode.linkCount > 0 { usedBytes += inode.content.count - size }
    unsynced[inode.number] = inode
  }

  func truncate(_ inode: Inode) {
    if inode.linkCount > 0 { usedBytes -= inode.content.count }
    inode.truncate(at: now)
    unsynced[inode.number] = inode
  }

  /// The modification time alone, as martlet sets it: inotify takes that for a modification of the content, which
  /// nobody here watches for.
  func date(_ inode: Inode, _ date: Int64) {
    inode.date(date, at: now)
    if inode.kind == .file { unsynced[inode.number] = inode }
  }

  func tellAttributes(of entry: Entry) {
    let isDirectory = entry.inode.kind == .directory
    if let parent = entry.parent { tell(.attributesChanged, in: parent, entry.name.text, isDirectory: isDirectory) }
    if isDirectory { tell(.attributesChanged, in: entry.inode, "", isDirectory: true) }
  }

  /// A file that was open for writing is closed, under the name it has now; nothing is told of one that has none.
  func closeWritten(_ entry: Entry) {
    guard let parent = entry.parent else { return }
    tell(.written, in: parent, entry.name.text, isDirectory: false)
  }

  func sync(_ inode: Inode) {
    inode.sync()
    if !inode.isLost { unsynced[inode.number] = nil }
  }

  func become(_ inode: Inode, content: [UInt8], modified: Int64) {
    if inode.linkCount > 0 { usedBytes += content.count - inode.content.count }
    inode.become(content: content, modified: modified)
    unsynced[inode.number] = nil
  }

  // MARK: - Events

  private func tell(_ kind: DirectoryEvent.Kind, in directory: Inode, _ name: String, isDirectory: Bool) {
    guard let watches = directory.names?.watches, !watches.isEmpty else { return }
    for watch in watches { watch.watcher.receive(.name(watch.number, kind, name, isDirectory: isDirectory)) }
  }

  func nextWatch() -> Int32 {
    lastWatch += 1
    watchCount += 1
    return lastWatch
  }

  func lostWatches(_ count: Int) { watchCount -= count }

  /// The directory is removed, or its file system with it.
  func endWatches(of inode: Inode) {
    guard let names = inode.names, !names.watches.isEmpty else { return }
    let watches = names.watches
    names.watches = []
    lostWatches(watches.count)
    for watch in watches { watch.watcher.receive(.itself(watch.number)) }
  }
}
