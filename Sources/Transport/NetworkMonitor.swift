import CLinux
import Glibc
package import Ports
package import Reactor

/// Tells when the machine's network changed: a link came up or went down, an address came or went. Loopback does not
/// count. It asks nobody but the kernel, and costs nothing while nothing happens.
@Loop
package final class NetworkMonitor {
  /// A change comes as several messages; told once, this long after the first.
  package static let defaultFolding = Duration.milliseconds(500)

  private enum Question {
    static let links = UInt16(18)
    static let addresses = UInt16(22)
    static let sequence = UInt32(1)
  }

  private let descriptor: FileDescriptor
  private var watch: ReadinessWatch?
  private var timer: LoopTimer?
  private let folding: Duration
  private var state = RouteState()
  private var hasAskedForAddresses = false

  /// Nil where the kernel gives no rtnetlink socket (a sandbox).
  package init?(
    _ reactor: Reactor, folding: Duration = NetworkMonitor.defaultFolding, onChange: @escaping @Loop () -> Void
  ) {
    guard let descriptor = FileDescriptor(owning: clinux_open_route_monitor()) else { return nil }
    let number = descriptor.number
    self.descriptor = descriptor
    self.folding = folding
    timer = LoopTimer(reactor, onFire: onChange)
    watch = ReadinessWatch(reactor, descriptor: number, for: .readable) { [weak self] _ in self?.receive() }
    watch?.start()
    // Without an answer the first announcement of each address counts as news, which costs one look.
    _ = clinux_request_route_dump(number, Question.links, Question.sequence)
  }

  isolated deinit { watch?.stop() }

  private func receive() {
    while true {
      let buffer = unsafe ReadBuffer.shared
      let count = unsafe recv(descriptor.number, buffer.baseAddress, buffer.count, 0)
      if count > 0 {
        handle(ReadBuffer.copy(count))
      } else if count < 0, errno == EINTR {
        continue
      } else if count < 0, errno == ENOBUFS {
        // Messages were lost: something happened.
        changed()
      } else {
        if count < 0, errno != EAGAIN { watch?.stop() }
        return
      }
    }
  }

  private func handle(_ datagram: [UInt8]) {
    let outcome = state.handle(datagram)
    if outcome.isChanged { changed() }
    if outcome.isDumpFinished, !hasAskedForAddresses {
      hasAskedForAddresses = true
      _ = clinux_request_route_dump(descriptor.number, Question.addresses, Question.sequence)
    }
  }

  private func changed() {
    guard let timer, !timer.isRunning else { return }
    timer.start(after: folding)
  }
}
