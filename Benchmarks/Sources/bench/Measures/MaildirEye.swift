import Glibc
import Mail
import Support

/// Sees changes in a few Maildir folders the moment inotify tells of them. It blocks, and belongs to one thread.
final class MaildirEye {
  struct Event {
    let path: String
    /// False where the name went away.
    let appeared: Bool
  }

  private let descriptor: Int32
  private var directories: [Int32: String] = [:]
  private var buffer = [UInt8](repeating: 0, count: 64 << 10)

  private static let mask = UInt32(
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR)

  /// Watches `new` and `cur` of the folders.
  init(_ folders: [String]) throws {
    descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    guard descriptor >= 0 else { throw BenchError.system("inotify") }
    for directory in folders.flatMap({ [$0 + "/new", $0 + "/cur"] }) {
      let watch = unsafe inotify_add_watch(descriptor, directory, Self.mask)
      guard watch >= 0 else { throw BenchError.system("watching \(directory)") }
      directories[watch] = directory
    }
  }

  deinit { close(descriptor) }

  /// Forgets what happened so far.
  func clear() throws { while try !read().isEmpty {} }

  /// Hands over events, all that came at a time, until `isReached` of some; the moment when they were read.
  ///
  /// Nil where it is not reached in time.
  func wait(within limit: Duration, _ isReached: ([Event]) throws -> Bool) throws -> ContinuousClock.Instant? {
    let deadline = Deadline(in: limit)
    while !deadline.hasPassed {
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let count = unsafe poll(&entry, 1, 100)
      let instant = ContinuousClock.now
      if count > 0, try isReached(read()) { return instant }
    }
    return nil
  }

  private func read() throws -> [Event] {
    let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
    if count < 0, errno == EAGAIN || errno == EINTR { return [] }
    guard count > 0 else { throw BenchError.system("reading inotify") }
    var events: [Event] = []
    var position = 0
    let header = MemoryLayout<inotify_event>.size
    while position + header <= count {
      let record = unsafe buffer.withUnsafeBytes {
        unsafe $0.loadUnaligned(fromByteOffset: position, as: inotify_event.self)
      }
      guard record.mask & UInt32(IN_Q_OVERFLOW) == 0 else { throw BenchError("inotify lost events") }
      let name = buffer[position + header..<position + header + Int(record.len)].prefix { $0 != 0 }
      if let directory = directories[record.wd] {
        events.append(
          Event(
            path: directory + "/" + String(decoding: name, as: UTF8.self),
            appeared: record.mask & UInt32(IN_DELETE | IN_MOVED_FROM) == 0))
      }
      position += header + Int(record.len)
    }
    return events
  }
}
