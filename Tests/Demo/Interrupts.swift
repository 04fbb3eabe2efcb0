import Foundation
import Synchronization

/// SIGINT, SIGTERM and SIGHUP: the first asks the demo to end in order, the second ends it at once.
///
/// What the second leaves behind, Support's guardian ends and removes.
final class Interrupts {
  private let caught: CaughtSignal
  private let sources: [any DispatchSourceSignal]

  init(_ stop: @escaping @Sendable () -> Void) {
    let caught = CaughtSignal()
    self.caught = caught
    sources = [SIGINT, SIGTERM, SIGHUP].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if caught.isFirst(number) { stop() } else { _exit(128 + number) }
      }
      source.resume()
      return source
    }
  }

  /// As a shell reports an end by this signal; nil where none came.
  var exitCode: Int32? { caught.number.withLock { $0 }.map { 128 + $0 } }
}

private final class CaughtSignal: Sendable {
  let number = Mutex<Int32?>(nil)

  func isFirst(_ received: Int32) -> Bool {
    number.withLock { number in
      guard number == nil else { return false }
      number = received
      return true
    }
  }
}
