import Mail
import Ports

/// The disk as one process of martlet sees it: does and refuses what `DiskFileSystem` does, by the same steps.
@Loop
final class SimulatedFileSystem: FileSystem {
  private typealias Held = (inode: Inode, life: Int)

  let disk: SimulatedDisk
  let kernel: DiskKernel
  let life: Lifeline
  let rootPath: String
  private var heldRoot: Held?
  /// As the adapter has it: what was created before a failed sync never passes a later one.
  private var failedSyncs = 0
  private var unsynced: [String: Int] = [:]
  private var openWriters: [Int: WeakWriter] = [:]
  private var writerCount = 0

  private struct WeakWriter { weak var writer: SimulatedWriter? }

  init(_ disk: SimulatedDisk, root: String, life: Lifeline) {
    self.disk = disk
    kernel = disk.kernel
    rootPath = root
    self.life = life
    life.whenDead { [weak self] in self?.closeAll() }
  }

  // MARK: - Names

  func makeDirectory(_ path: String) throws(FileError) {
    guard !path.isEmpty else {
      if heldRoot == nil { try makeRoot() }
      return
    }
    var prefix = ""
    for component in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      prefix += (prefix.isEmpty ? "" : "/") + String(Substring(component))
      let place = try parent(of: prefix, for: "make")
      if let taken = try entry(place, "make", prefix) {
        guard taken.inode.kind == .directory else { throw FileError("make", prefix, .taken) }
        continue
      }
      try demandNew("make", prefix, place.directory)
      try act("make", prefix)
      _ = try telling("make", prefix) { () throws(DiskRefusal) in
        try kernel.make(.directory, kernel.name(place.name), in: place.directory)
      }
    }
  }

  func removeDirectory(_ path: String) throws(FileError) {
    let (place, entry) = try existing(path, for: "remove")
    guard let names = entry.inode.names else { throw FileError("remove", path, .notDirectory) }
    guard names.isEmpty else { throw FileError("remove", path, .notEmpty) }
    try telling("remove", path) { () throws(DiskRefusal) in try demandWritable(place.directory) }
    try act("remove directory", path)
    try telling("remove", path) { () throws(DiskRefusal) in try kernel.remove(entry) }
  }

  func create(_ path: String) throws(FileError) -> any FileWriter {
    // The root is opened by its own name.
    guard !path.isEmpty else { throw FileError("create", path, .taken) }
    let place = try parent(of: path, for: "create")
    guard try entry(place, "create", path) == nil else { throw FileError("create", path, .taken) }
    try demandNew("create", path, place.directory)
    try act("create", path)
    let entry = try telling("create", path) { () throws(DiskRefusal) in
      try kernel.make(.file, kernel.name(place.name), in: place.directory)
    }
    unsynced[path] = failedSyncs
    writerCount += 1
    let writer = SimulatedWriter(path, entry, writerCount, self)
    openWriters[writerCount] = WeakWriter(writer: writer)
    return writer
  }

  func rename(_ source: String, to target: String, isMail: Bool) throws(FileError) {
    do throws(FileError) {
      guard kernel.traits.hasExclusiveRename else { throw FileError("rename", source, .invalid) }
      try move(source, to: target, replaces: false)
    } catch {
      guard error.kind == .failed || error.kind == .unsupported, !life.isDead else { throw error }
      try renameByLink(source, to: target, isMail: isMail, after: error)
    }
  }

  func replace(_ path: String, with source: String) throws(FileError) {
    try move(source, to: path, replaces: true)
  }

  private func move(_ source: String, to target: String, replaces: Bool) throws(FileError) {
    let (from, to) = try (parent(of: source, for: "rename"), parent(of: target, for: "rename"))
    try between("rename", source, target) { () throws(DiskRefusal) in
      guard from.directory.volume === to.directory.volume else { throw .otherDevice }
      guard let entry = try kernel.entry(from.name, in: from.directory) else { throw .missing }
      let name = try kernel.name(to.name)
      if !replaces, try kernel.names(of: to.directory)[name] != nil { throw .taken }
      try demandWritable(from.directory)
      try demandWritable(to.directory)
      return { () throws(DiskRefusal) in
        try self.kernel.move(entry, to: name, in: to.directory)
        entry.inode.wasMovedByPerson = false
      }
    }
  }

  /// A link fails where the target is taken, which a rename would not. What it says is true of a rename as well, unless
  /// it says as little.
  private func renameByLink(
    _ source: String, to target: String, isMail: Bool, after refusal: FileError
  ) throws(FileError) {
    if try status(source)?.kind == .directory {
      guard try status(target) == nil else { throw FileError("rename", source, .taken) }
      return try replace(target, with: source)
    }
    do {
      try link(source, to: target)
    } catch {
      throw error.kind == .failed ? refusal : error
    }
    if isMail, source.parentPath != target.parentPath { try sync([], [target.parentPath], in: root("sync")) }
    try unlink(source)
  }

  func link(_ source: String, to target: String) throws(FileError) {
    let (from, to) = try (parent(of: source, for: "link"), parent(of: target, for: "link"))
    try between("link", source, target) { () throws(DiskRefusal) in
      guard let entry = try kernel.entry(from.name, in: from.directory) else { throw .missing }
      let name = try kernel.name(to.name)
      guard try kernel.names(of: to.directory)[name] == nil else { throw .taken }
      guard entry.inode.volume === to.directory.volume else { throw .otherDevice }
      guard entry.inode.kind != .directory else { throw .notPermitted }
      guard kernel.traits.hasHardLinks else { throw .unsupported }
      try demandWritable(to.directory)
      return { () throws(DiskRefusal) in try self.kernel.link(entry.inode, as: name, in: to.directory) }
    }
  }

  /// `prepare` looks whether it can be done, and answers how.
  private func between(
    _ operation: String, _ source: String, _ target: String,
    _ prepare: () throws(DiskRefusal) -> () throws(DiskRefusal) -> Void
  ) throws(FileError) {
    let refusal: DiskRefusal
    do throws(DiskRefusal) {
      let carryOut = try prepare()
      let line = "disk \(operation) \(source) -> \(target)"
      if life.mayAct(line) {
        disk.log.note(line)
        return try carryOut()
      }
      refusal = .broken
    } catch {
      refusal = error
    }
    let told = FileError(operation, source, refusal)
    throw FileError(told.kind, path: source, "\(told.text) (to \(printable(target)))")
  }

  func unlink(_ path: String) throws(FileError) {
    let (place, entry) = try existing(path, for: "remove")
    guard entry.inode.kind != .directory else { throw FileError("remove", path, .isDirectory) }
    try telling("remove", path) { () throws(DiskRefusal) in try demandWritable(place.directory) }
    try act("remove", path)
    try telling("remove", path) { () throws(DiskRefusal) in try kernel.remove(entry) }
    unsynced[path] = nil
  }

  // MARK: - Looking

  var isRootInPlace: Bool {
    guard let heldRoot, !life.isDead else { return true }
    do throws(DiskRefusal) {
      return try kernel.find(rootPath, from: kernel.root, follows: true) === heldRoot.inode
    } catch {
      guard case .missing = error else { return true }
      return false
    }
  }

  func releaseRoot() { heldRoot = nil }

  func status(_ path: String) throws(FileError) -> FileStatus? {
    do {
      if path.isEmpty {
        try check("look at", path)
        return try root("look at").status
      }
      let place = try parent(of: path, for: "look at")
      return try entry(place, "look at", path)?.inode.status
    } catch {
      if error.kind == .notFound { return nil }
      throw error
    }
  }

  func open(_ path: String) throws(FileError) -> any FileReader {
    let inode = try found(path, for: "open")
    if inode.kind == .symbolicLink { throw FileError("open", path, .symbolicLink) }
    if inode.isForbidden { throw FileError("open", path, .denied) }
    guard inode.kind == .file else {
      throw FileError(.notRegular, path: path, "open \(printable(path)): not a regular file")
    }
    return SimulatedReader(path, inode, self)
  }

  func list(_ directory: String) async throws(FileError) -> [DirectoryEntry] {
    let root = try root("list")
    await pause()
    let inode = try found(directory, from: root, for: "list")
    let names = try telling("list", directory) { () throws(DiskRefusal) in try kernel.names(of: inode) }
    if inode.isForbidden { throw FileError("list", directory, .denied) }
    let (start, count) = (names.nextListingStart(), names.slots.count)
    var entries: [DirectoryEntry] = []
    entries.reserveCapacity(names.count)
    for step in 0..<count {
      if let every = kernel.trouble.entriesPerListingStep, step > 0, step % every == 0 {
        await pause()
        try check("list", directory, opens: false)
        if inode.volume.isPulledOut { throw FileError("list", directory, .broken) }
      }
      guard let entry = names.slots[(start + step) % count] else { continue }
      entries.append(
        DirectoryEntry(name: entry.name.text, kind: entry.inode.kind, isDecodable: entry.name.isDecodable))
    }
    // What the side queue found is told on the loop a little later.
    await Task.yield()
    return entries
  }

  // MARK: - Barrier and lock

  func makeDurable(files: [String], directories: [String]) async throws(FileError) {
    let root = try root("sync")
    if let lost = files.first(where: { unsynced[$0].map { $0 < failedSyncs } ?? false }) {
      throw FileError(.failed, path: lost, "sync \(printable(lost)): an earlier sync of its file system failed")
    }
    await pause()
    try sync(files, directories, in: root)
    for file in files { unsynced[file] = nil }
    await Task.yield()
  }

  private func sync(_ files: [String], _ directories: [String], in root: Inode) throws(FileError) {
    do {
      try passBarrier(files, directories, root)
    } catch {
      if error.kind == .failed || error.kind == .full { failedSyncs += 1 }
      throw error
    }
  }

  func lock(_ directory: String) throws(FileError) -> (any FileLock)? {
    let inode = try found(directory, for: "lock")
    let names = try telling("lock", directory) { () throws(DiskRefusal) in try kernel.names(of: inode) }
    guard kernel.traits.hasLocks else { return nil }
    guard names.lock == nil else {
      throw FileError(.held, path: directory, "lock \(printable(directory)): another process holds it")
    }
    let lock = SimulatedLock(names)
    names.lock = lock
    life.whenDead { [weak lock] in lock?.release() }
    return lock
  }

  // MARK: - Within

  func closed(_ writer: Int) { openWriters[writer] = nil }

  /// The process has ended: the kernel closes what it had open.
  private func closeAll() {
    for id in openWriters.keys.sorted() { openWriters[id]?.writer?.abandon() }
    openWriters = [:]
    heldRoot = nil
  }

  /// What others do happens now. A cancelled task waits all the same, as the side queue does.
  func pause() async {
    let latency = kernel.trouble.latency
    guard latency > .zero else { return await Task.yield() }
    do {
      try await kernel.clock.sleep(until: kernel.clock.now.advanced(by: latency), tolerance: nil)
    } catch {
      await Task.yield()
    }
  }

  func root(_ operation: String) throws(FileError) -> Inode {
    if let heldRoot {
      let volume = heldRoot.inode.volume
      guard !volume.isPulledOut, volume.life == heldRoot.life else { throw FileError(operation, "", .broken) }
      return heldRoot.inode
    }
    let inode = try telling("open", "") { () throws(DiskRefusal) in
      try kernel.find(rootPath, from: kernel.root, follows: true)
    }
    guard inode.kind == .directory else { throw FileError("open", "", .notDirectory) }
    heldRoot = (inode, inode.volume.life)
    return inode
  }

  private func makeRoot() throws(FileError) {
    var current = kernel.root
    for component in rootPath.split(separator: "/") {
      let path = String(component)
      current = try telling("make", "") { [current] () throws(DiskRefusal) in
        do throws(DiskRefusal) {
          return try kernel.find(path, from: current, follows: true)
        } catch {
          guard case .missing = error else { throw error }
        }
        guard !kernel.trouble.isReadOnly else { throw .readOnly }
        guard !kernel.trouble.isFull else { throw .full }
        guard life.mayAct("disk make root \(path)") else { throw .broken }
        disk.log.note("disk make root \(path)")
        return try kernel.make(.directory, kernel.name(path), in: current).inode
      }
    }
  }
}
