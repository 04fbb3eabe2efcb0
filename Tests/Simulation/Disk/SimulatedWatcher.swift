import Mail
import Ports

/// A directory's watch: whose, and its descriptor, which no other watch on the disk has.
struct Watch {
  unowned let watcher: SimulatedWatcher
  let number: Int32
}

/// What inotify would put into its queue.
enum WatchRecord {
  case name(Int32, DirectoryEvent.Kind, String, isDirectory: Bool)
  /// The directory itself was renamed, removed or unmounted.
  case itself(Int32)
  case overflow

  /// What the kernel makes one of, where one comes right behind the other. Byte for byte, which Swift's `==` is not.
  func isMerged(with next: WatchRecord) -> Bool {
    switch (self, next) {
    case (.name(let number, let kind, let name, _), .name(let nextNumber, let nextKind, let nextName, _)):
      number == nextNumber && kind == nextKind && name.utf8.elementsEqual(nextName.utf8)
    case (.itself(let number), .itself(let nextNumber)): number == nextNumber
    default: false
    }
  }
}

/// inotify, as `InotifyWatcher` hands it on: nothing is read from the queue while nobody waits or counts.
///
/// The kernel queues an event before the call that caused it returns, so `changeCount` is never late, whatever the
/// delay of waking is.
@Loop
final class SimulatedWatcher: DirectoryWatcher {
  private let kernel: DiskKernel
  private let root: Inode
  private let life: Lifeline

  // The kernel's side.
  private var queue: [WatchRecord] = []
  private var oldestRecord: LoopInstant?
  private var isOverrun = false
  private var inodes: [Int32: Inode] = [:]

  // The adapter's side.
  private var directories: [Int32: String] = [:]
  private var numbers: [EntryName: Int32] = [:]
  /// Read, but handed to nobody yet.
  private var pending: [DirectoryEvent] = []
  private var changes: [EntryName: Int] = [:]
  /// How often something may have happened of which no event tells.
  private var gaps = 0
  private var waiter: CheckedContinuation<Void, Never>?
  private var isClosed = false

  init(_ kernel: DiskKernel, root: Inode, life: Lifeline) {
    self.kernel = kernel
    self.root = root
    self.life = life
    life.whenDead { [weak self] in self?.close() }
  }

  isolated deinit { forgetAll() }

  func watch(_ directory: String) throws(FileError) {
    guard !life.isDead else { throw .dead("watch", directory) }
    if kernel.trouble.isOutOfDescriptors { throw FileError("watch", directory, .tooManyOpen) }
    guard DiskKernel.staysInside(directory) else {
      throw FileError(.failed, path: directory, "watch: a path that leaves the root, or names nothing")
    }
    let inode = try telling("watch", directory) { () throws(DiskRefusal) in
      let inode = try kernel.find(directory, from: root, follows: false)
      _ = try kernel.names(of: inode)
      guard !inode.isForbidden else { throw .denied }
      return inode
    }
    let number = try descriptor(of: inode, directory)
    let key = EntryName(directory, .exact)
    if let former = directories.updateValue(directory, forKey: number), !former.utf8.elementsEqual(directory.utf8) {
      numbers[EntryName(former, .exact)] = nil
    }
    if let replaced = numbers.updateValue(number, forKey: key), replaced != number {
      directories[replaced] = nil
      giveUp(replaced)
    }
    if changes[key] == nil {
      changes[key] = 0
      // What happened before is not known: no earlier count is equal to a later one.
      gaps += 1
    }
  }

  func unwatch(_ directory: String) {
    let key = EntryName(directory, .exact)
    changes[key] = nil
    guard let number = numbers.removeValue(forKey: key) else { return }
    directories[number] = nil
    giveUp(number)
  }

  func next() async throws(CancellationError) -> [DirectoryEvent] {
    while !isClosed && !Task.isCancelled {
      if let due = oldestRecord?.advanced(by: kernel.trouble.eventDelay), due > kernel.clock.now {
        await sleep(until: due)
        continue
      }
      readEvents()
      if !pending.isEmpty {
        defer { pending = [] }
        return pending
      }
      await wait()
    }
    throw CancellationError()
  }

  func changeCount(in directory: String) -> Int? {
    readEvents()
    // Whoever waits for events gets these.
    if !pending.isEmpty { wake() }
    return changes[EntryName(directory, .exact)].map { $0 + gaps }
  }

  func close() {
    isClosed = true
    forgetAll()
    wake()
  }

  // MARK: - The kernel's side

  func receive(_ record: WatchRecord) {
    // Two equal ones in a row are one; nothing fits behind an overflow until the queue is read.
    guard !isClosed, !isOverrun, queue.last?.isMerged(with: record) != true else { return }
    if queue.count >= kernel.trouble.watchQueueMax { return overflow() }
    enqueue(record)
  }

  /// What is queued stays; what comes before it is read is lost.
  func overflow() {
    guard !isClosed, !isOverrun else { return }
    isOverrun = true
    enqueue(.overflow)
  }

  private func enqueue(_ record: WatchRecord) {
    if queue.isEmpty { oldestRecord = kernel.clock.now }
    queue.append(record)
    wake()
  }

  private func descriptor(of inode: Inode, _ directory: String) throws(FileError) -> Int32 {
    if let known = inode.names?.watches.first(where: { $0.watcher === self }) { return known.number }
    guard kernel.watchCount < kernel.trouble.watchesMax else {
      throw FileError(
        .watchLimit, path: directory,
        "watch \(printable(directory)): the kernel's limit fs.inotify.max_user_watches (now \(kernel.trouble.watchesMax)) is reached"
      )
    }
    let number = kernel.nextWatch()
    inode.names?.watches.append(Watch(watcher: self, number: number))
    inodes[number] = inode
    return number
  }

  private func giveUp(_ number: Int32) {
    guard let names = inodes.removeValue(forKey: number)?.names else { return }
    let count = names.watches.count
    names.watches.removeAll { $0.number == number }
    kernel.lostWatches(count - names.watches.count)
  }

  private func forgetAll() {
    for number in inodes.keys.sorted() { giveUp(number) }
    directories = [:]
    numbers = [:]
    changes = [:]
  }

  // MARK: - The adapter's side

  private func readEvents() {
    guard !queue.isEmpty else { return }
    let records = queue
    queue = []
    oldestRecord = nil
    isOverrun = false
    for record in records { take(record) }
  }

  private func take(_ record: WatchRecord) {
    switch record {
    case .overflow:
      gaps += 1
      pending.append(DirectoryEvent(.overflow, directory: "", name: "", isDirectory: false))
    case .itself(let number):
      guard let directory = directories[number] else { return }
      unwatch(directory)
      pending.append(DirectoryEvent(.directoryGone, directory: directory, name: "", isDirectory: true))
    case .name(let number, let kind, let name, let isDirectory):
      guard let directory = directories[number] else { return }
      if kind != .attributesChanged, kind != .written { changes[EntryName(directory, .exact), default: 0] += 1 }
      pending.append(DirectoryEvent(kind, directory: directory, name: name, isDirectory: isDirectory))
    }
  }

  // MARK: - Waiting

  private func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
        let isOver = Task.isCancelled || isClosed || !queue.isEmpty || !pending.isEmpty
        if isOver { continuation.resume() } else { waiter = continuation }
      }
    } onCancel: {
      // One that comes late wakes the next who waits, who finds nothing and waits on.
      Loop.task { self.wake() }
    }
  }

  private func wake() {
    waiter?.resume()
    waiter = nil
  }

  private func sleep(until due: LoopInstant) async {
    do {
      try await kernel.clock.sleep(until: due, tolerance: nil)
    } catch {
      // Cancelled: the loop above ends, and what is queued stays for whoever waits next.
      return
    }
  }
}
