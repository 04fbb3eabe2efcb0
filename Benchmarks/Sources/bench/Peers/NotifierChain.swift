import Foundation
import Glibc
import Mail
import Support
import Synchronization

/// What many people use: a notifier that waits in IDLE on every folder and watches the Maildir, and runs mbsync on the
/// folder where something happened.
///
/// The notifier is our own, and as quick as it can be: no shell, no fold of events, plaintext to the server.
final class NotifierChain: Contestant {
  let name = LatencyTable.chain
  let watchesMaildir = true
  let likeness = Mbsync.likeness
  private let account: Account
  private let mbsync: Mbsync
  private let running = Mutex<Running?>(nil)

  private struct Running {
    /// The waiting thread ends when this is closed.
    let stopper: Int32
    let runner: Task<Void, any Error>
  }

  init(_ account: Account) throws {
    self.account = account
    mbsync = try Mbsync(
      Martlet.Server(account.server, user: account.user), maildir: account.root, scratch: account.scratch)
  }

  func start() async throws {
    try await ChildProcess.output(of: mbsync.allCommand, within: .seconds(600))
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw BenchError.system("pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let (stop, stopper) = (ends[0], ends[1])
    let (events, source) = AsyncThrowingStream<FolderName, any Error>.makeStream()
    let account = account
    try await withCheckedThrowingContinuation { (ready: CheckedContinuation<Void, any Error>) in
      Thread.detachNewThread {
        do {
          let waiter = try NotifierLoop(account, stop: stop)
          ready.resume()
          do {
            try waiter.run { source.yield($0) }
            source.finish()
          } catch {
            source.finish(throwing: error)
          }
        } catch {
          ready.resume(throwing: error)
        }
        close(stop)
      }
    }
    let mbsync = mbsync
    let runner = Task { try await Self.run(mbsync, on: events) }
    running.withLock { $0 = Running(stopper: stopper, runner: runner) }
    // What happened between the first pass and the watches.
    for folder in account.folders { source.yield(folder) }
  }

  /// What ended it early is thrown by `stop`.
  func requireRunning() {}

  func stop() async throws {
    guard let running = running.withLock({ $0.take() }) else { return }
    close(running.stopper)
    try await running.runner.value
  }

  /// Runs mbsync on the folders of all events that came by the time when it is free.
  private static func run(_ mbsync: Mbsync, on events: AsyncThrowingStream<FolderName, any Error>) async throws {
    let waiting = Mutex<[FolderName]>([])
    let (wakes, waker) = AsyncThrowingStream<Void, any Error>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let collector = Task {
      do {
        for try await folder in events {
          waiting.withLock { if !$0.contains(folder) { $0.append(folder) } }
          waker.yield()
        }
        waker.finish()
      } catch {
        waker.finish(throwing: error)
      }
    }
    for try await _ in wakes {
      let folders = waiting.withLock { waiting in
        defer { waiting = [] }
        return waiting.map(\.description)
      }
      if folders.isEmpty { continue }
      let result = try await ChildProcess.run(mbsync.command(for: folders))
      // It is tried again at the next event, as the notifiers do; what stays different is found by the comparison.
      if !result.succeeded { Progress.say("mbsync \(result.ending): \(result.errors)") }
    }
    await collector.value
  }
}

/// The waiting half: a thread with an idling connection a folder, and one inotify instance.
private final class NotifierLoop {
  private let folders: [FolderName]
  private let wires: [Wire]
  private let inotify: Int32
  private var watches: [Int32: FolderName] = [:]
  private let stop: Int32

  init(_ account: Account, stop: Int32) throws {
    self.stop = stop
    folders = account.folders
    wires = try folders.map { folder in
      let wire = try Wire.loggedIn(to: account.server, as: account.user, then: ["SELECT \"\(folder)\""])
      try wire.send(["IDLE"])
      while try !wire.response().text.hasPrefix("+") {}
      return wire
    }
    inotify = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    guard inotify >= 0 else { throw BenchError.system("inotify") }
    let mask = UInt32(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
    for folder in folders {
      for name in ["new", "cur"] {
        let watch = unsafe inotify_add_watch(inotify, account.path(of: folder) + "/" + name, mask)
        guard watch >= 0 else { throw BenchError.system("watching \(folder)") }
        watches[watch] = folder
      }
    }
  }

  deinit { close(inotify) }

  func run(_ note: (FolderName) -> Void) throws {
    var entries = wires.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    for descriptor in [inotify, stop] { entries.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)) }
    while true {
      let count = unsafe poll(&entries, nfds_t(entries.count), -1)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw BenchError.system("poll") }
      if entries[wires.count + 1].revents != 0 { return }
      for (index, wire) in wires.enumerated() where entries[index].revents != 0 {
        try wire.receive()
        // `* OK Still here` is no change.
        while let response = wire.take() { if !response.text.hasPrefix("* OK") { note(folders[index]) } }
      }
      if entries[wires.count].revents != 0 { changedFolders().forEach(note) }
    }
  }

  private func changedFolders() -> Set<FolderName> {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    var changed: Set<FolderName> = []
    let count = unsafe read(inotify, &buffer, buffer.count)
    var position = 0
    while position + MemoryLayout<inotify_event>.size <= count {
      let record = unsafe buffer.withUnsafeBytes {
        unsafe $0.loadUnaligned(fromByteOffset: position, as: inotify_event.self)
      }
      if let folder = watches[record.wd] { changed.insert(folder) }
      position += MemoryLayout<inotify_event>.size + Int(record.len)
    }
    return changed
  }
}
