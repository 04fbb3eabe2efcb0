import CLinux
import Glibc
import Mail
package import Ports
package import Reactor

/// inotify on the loop: one descriptor for all directories of a tree.
///
/// Nothing is read while nobody waits or counts: what happens meanwhile stays in the kernel's queue, which says so when
/// it is full.
@Loop
package final class InotifyWatcher: DirectoryWatcher {
  private static let mask =
    UInt32(IN_CREATE) | UInt32(IN_MOVED_FROM) | UInt32(IN_MOVED_TO) | UInt32(IN_DELETE) | UInt32(IN_CLOSE_WRITE)
    | UInt32(IN_ATTRIB) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_ONLYDIR) | UInt32(IN_EXCL_UNLINK)
  private static let bufferSize = 64 << 10
  /// One answer of `next()` is bounded so; what is left comes with the following one.
  private static let readsMax = 32

  private let root: RootDirectory
  private let descriptor: FileDescriptor
  private var table = WatchTable()
  /// Read, but handed to nobody yet.
  private var pending: [DirectoryEvent] = []
  private var changes: [ExactText: Int] = [:]
  /// How often something may have happened of which no event tells.
  private var gaps = 0
  private let place = WaitingPlace<Void>()
  private var readiness: ReadinessWatch?
  private var isClosed = false

  /// Watches directories below `root`, which must be there.
  package init(_ reactor: Reactor, root: String) throws(FileError) {
    self.root = try RootDirectory(root)
    guard let descriptor = FileDescriptor(owning: inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))) else {
      throw Self.refusal("", errno: errno, setting: errno == EMFILE ? InotifyLimits.instancesSetting : nil)
    }
    let number = descriptor.number
    self.descriptor = descriptor
    readiness = ReadinessWatch(reactor, descriptor: number, for: .readable) { [place] _ in place.resume(returning: ()) }
  }

  isolated deinit { readiness?.stop() }

  package func watch(_ directory: String) throws(FileError) {
    // By descriptor, so that no symbolic link on the way is followed.
    let opened = try root.open(directory, clinux_path_flag() | O_DIRECTORY, for: "watch")
    let watch = unsafe inotify_add_watch(descriptor.number, "/proc/self/fd/\(opened.number)", Self.mask)
    guard watch >= 0 else {
      throw Self.refusal(directory, errno: errno, setting: errno == ENOSPC ? InotifyLimits.watchesSetting : nil)
    }
    let (replaced, former) = table.add(watch, for: directory)
    if let replaced { giveUp(replaced) }
    // Nothing is counted there any more, and a count that stands still would say that nothing happened.
    if let former { changes[ExactText(former)] = nil }
    if changes[ExactText(directory)] == nil {
      changes[ExactText(directory)] = 0
      // What happened before is not known: no earlier count is equal to a later one.
      gaps += 1
    }
  }

  package func unwatch(_ directory: String) {
    changes[ExactText(directory)] = nil
    if let watch = table.remove(directory) { giveUp(watch) }
  }

  package func next() async throws(CancellationError) -> [DirectoryEvent] {
    while !isClosed && !Task.isCancelled {
      readEvents()
      if !pending.isEmpty {
        defer { pending = [] }
        return pending
      }
      readiness?.start()
      let woken: Void? = await place.wait()
      readiness?.stop()
      if woken == nil { break }
    }
    throw CancellationError()
  }

  /// The kernel queues an event before the call that caused it returns, and while it holds the directory: a listing
  /// that begins later sees the change.
  package func changeCount(in directory: String) -> Int? {
    if !readEvents() { gaps += 1 }
    // Whoever waits for events gets these.
    if !pending.isEmpty { place.resume(returning: ()) }
    return changes[ExactText(directory)].map { $0 + gaps }
  }

  package func close() {
    isClosed = true
    readiness?.stop()
    place.resume(returning: ())
  }

  /// Fails only where the kernel has ended the watch by itself; IN_IGNORED is queued in either case.
  private func giveUp(_ watch: Int32) { inotify_rm_watch(descriptor.number, watch) }

  /// False where more is left than is read at once.
  @discardableResult
  private func readEvents() -> Bool {
    for _ in 0..<Self.readsMax {
      var count = 0
      let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.bufferSize) { buffer, filled in
        count = uninterrupted { unsafe read(descriptor.number, buffer.baseAddress, Self.bufferSize) }
        filled = max(0, count)
      }
      // EAGAIN: all is read.
      guard count > 0 else { return true }
      for record in InotifyRecord.records(in: bytes) { take(record) }
    }
    return false
  }

  private func take(_ record: InotifyRecord) {
    if record.has(IN_Q_OVERFLOW) {
      gaps += 1
      return pending.append(DirectoryEvent(.overflow, directory: "", name: "", isDirectory: false))
    }
    if record.has(IN_IGNORED) {
      guard let directory = table.ended(record.watch) else { return }
      return gone(directory)
    }
    guard let directory = table.directory(of: record.watch) else { return }
    if record.has(IN_DELETE_SELF) || record.has(IN_MOVE_SELF) {
      unwatch(directory)
      return gone(directory)
    }
    guard let kind = record.kind else { return }
    if kind != .attributesChanged, kind != .written { changes[ExactText(directory), default: 0] += 1 }
    pending.append(DirectoryEvent(kind, directory: directory, name: record.name, isDirectory: record.has(IN_ISDIR)))
  }

  private func gone(_ directory: String) {
    changes[ExactText(directory)] = nil
    pending.append(DirectoryEvent(.directoryGone, directory: directory, name: "", isDirectory: true))
  }

  static func refusal(_ directory: String, errno number: Int32, setting: String?) -> FileError {
    let error = FileError("watch", directory, errno: number)
    guard let setting else { return error }
    let limit = InotifyLimits.value(of: setting).map { " (now \($0))" } ?? ""
    return FileError(.watchLimit, path: directory, "\(error.text): the kernel's limit \(setting)\(limit) is reached")
  }
}
