import Glibc
import Mail
import Ports
import Reactor

/// Tells the service manager how we are (sd_notify(3)); without one, nothing happens.
@Loop
@safe
final class ServiceNotifier {
  /// `sun_path` without a NUL, which an abstract name has in front and a path may do without.
  private static let pathLengthMax = 107

  private let socketPath: String?
  private let watchdogInterval: Duration?
  private let reactor: Reactor
  private var watchdog: LoopTimer?
  private var lastStatus: String?

  init(_ reactor: Reactor, environment: Environment) {
    self.reactor = reactor
    socketPath = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    // Another process's watchdog is not ours to feed (sd_watchdog_enabled(3)).
    let isOurs = environment["WATCHDOG_PID"].map { Int32($0) == getpid() } ?? true
    watchdogInterval = isOurs ? environment["WATCHDOG_USEC"].flatMap { Int64($0) }.map { .microseconds($0) } : nil
  }

  /// The configuration is read, the ledgers are open, the control socket listens.
  func ready() {
    send("READY=1")
    guard watchdog == nil, socketPath != nil, let watchdogInterval, watchdogInterval > .zero else { return }
    watchdog = LoopTimer(reactor) { [weak self] in self?.feedWatchdog() }
    feedWatchdog()
  }

  func reloading() {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    send("RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1000)")
  }

  func stopping() { send("STOPPING=1\nSTATUS=stopping") }

  /// One line, told when it is another than before.
  func status(_ text: String) {
    let line = printable(text)
    guard line != lastStatus else { return }
    lastStatus = line
    send("STATUS=" + line)
  }

  /// It comes from the loop, so that a loop that hangs is noticed.
  private func feedWatchdog() {
    send("WATCHDOG=1")
    if let watchdogInterval { watchdog?.start(after: watchdogInterval / 2) }
  }

  private func send(_ state: String) {
    guard let socketPath, let descriptor = FileDescriptor(owning: socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)) else {
      return
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var path = Array(socketPath.utf8)
    guard path.count <= Self.pathLengthMax else { return }
    // An abstract name begins with a NUL, and its length counts.
    if path[0] == UInt8(ascii: "@") { path[0] = 0 }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
    let length = MemoryLayout<sa_family_t>.size + path.count
    let bytes = Array(state.utf8)
    // A manager that does not listen changes nothing of what we do.
    _ = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe sendto(
          descriptor.number, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), $0,
          socklen_t(length))
      }
    }
  }
}
