import Foundation
import Glibc
import Mail
import Support
import Synchronization

/// The floor for server → Maildir: one thread, one connection in IDLE for each folder, and nothing else.
final class FloorWatch: Sendable {
  /// The thread ends when this is closed.
  private let stopper: Int32
  private let outcome: Task<Void, any Error>

  /// Returns when all is fetched and every folder idles.
  static func started(
    on server: any MailServer, as user: String, folders: [FolderName],
    into makeSink: @escaping @Sendable () throws -> any FloorSink
  ) async throws -> FloorWatch {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw BenchError.system("pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let (stop, stopper) = (ends[0], ends[1])
    return try await withCheckedThrowingContinuation { ready in
      // The outcome is whatever ends the thread after it was ready.
      let (ended, end) = AsyncThrowingStream<Never, any Error>.makeStream()
      let outcome = Task { for try await _ in ended {} }
      Thread.detachNewThread {
        var loop: FloorLoop
        do {
          let sink = try makeSink()
          let watched = try folders.map { try FloorFolder($0, on: server, as: user, into: sink) }
          loop = FloorLoop(sink: sink, folders: watched, stop: stop)
        } catch {
          close(stop)
          ready.resume(throwing: error)
          return
        }
        ready.resume(returning: FloorWatch(stopper: stopper, outcome: outcome))
        do {
          try loop.run()
          end.finish()
        } catch {
          end.finish(throwing: error)
        }
        close(stop)
      }
    }
  }

  private init(stopper: Int32, outcome: Task<Void, any Error>) {
    self.stopper = stopper
    self.outcome = outcome
  }

  /// Ends the thread; throws what ended it before.
  func stop() async throws {
    close(stopper)
    try await outcome.value
  }
}

private struct FloorLoop {
  let sink: any FloorSink
  var folders: [FloorFolder]
  let stop: Int32

  /// Until the other end of `stop` is closed.
  mutating func run() throws {
    var entries = folders.map { pollfd(fd: $0.wire.descriptor, events: Int16(POLLIN), revents: 0) }
    entries.append(pollfd(fd: stop, events: Int16(POLLIN), revents: 0))
    while true {
      let count = unsafe poll(&entries, nfds_t(entries.count), -1)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw BenchError.system("poll") }
      if entries[folders.count].revents != 0 { return }
      for index in folders.indices where entries[index].revents != 0 { try folders[index].turn(sink) }
    }
  }
}
