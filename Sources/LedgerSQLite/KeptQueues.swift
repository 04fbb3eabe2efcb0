import GRDB
import Ports

/// Opens SQLite files, and keeps the queue of each for the life of the process, also when its connection is closed.
///
/// Freeing a queue takes libdispatch a thread of its pool; and with the first of these it starts a timer that wakes the
/// process every second from then on (libdispatch of Swift 6.3, seen 2026-12). A daemon that nothing happens to has to
/// sleep. A closed queue is some kilobytes.
@Loop
enum KeptQueues {
  private static var kept: [DatabaseQueue] = []
  /// A process that opens more wakes up.
  private static let keptMax = 64

  /// Nil for a database in memory. Where `prepare` throws, it is closed.
  static func open(
    _ path: String?, _ configuration: GRDB.Configuration = GRDB.Configuration(),
    _ prepare: (DatabaseQueue) throws -> Void
  ) throws -> DatabaseQueue {
    let queue =
      if let path {
        try DatabaseQueue(path: path, configuration: configuration)
      } else {
        try DatabaseQueue(configuration: configuration)
      }
    if kept.count < keptMax { kept.append(queue) }
    do {
      try prepare(queue)
      return queue
    } catch let fault {
      // What was wrong first is told; a connection that cannot be closed ends with the process.
      do { try queue.close() } catch { throw fault }
      throw fault
    }
  }
}
