import Confinement
import Glibc
import Mail
import Ports
import Reactor

/// Tells the service manager how we are (sd_notify(3)); without one, nothing happens.
@Loop
final class ServiceNotifier {
  /// Nil without a manager.
  private let send: (@Loop (ServiceState, _ waits: Bool) -> Void)?
  private let watchdogInterval: Duration?
  private let reactor: Reactor
  private var watchdog: LoopTimer?
  private var lastStatus: String?

  init(_ program: ProgramContext) {
    reactor = program.reactor
    let environment = program.environment
    if let socket = ServiceSocket(environment) {
      // Most managers listen to the process only that they started.
      send = { [outer = program.outer] state, waits in
        if let outer { outer.notify(state, waits: waits) } else { socket.send(state) }
      }
    } else {
      send = nil
    }
    // Another process's watchdog is not ours to feed (sd_watchdog_enabled(3)).
    let isOurs = environment["WATCHDOG_PID"].map { Int32($0) == program.processID } ?? true
    watchdogInterval = isOurs ? environment["WATCHDOG_USEC"].flatMap { Int64($0) }.map { .microseconds($0) } : nil
  }

  /// The configuration is read, the ledgers are open, the control socket listens.
  func ready() {
    send?(.ready, true)
    guard watchdog == nil, send != nil, let watchdogInterval, watchdogInterval > .zero else { return }
    watchdog = LoopTimer(reactor) { [weak self] in self?.feedWatchdog() }
    feedWatchdog()
  }

  func reloading() { send?(.reloading, true) }

  func stopping() { send?(.stopping, true) }

  /// One line, told when it is another than before.
  func status(_ text: String) {
    let line = printable(text)
    guard line != lastStatus else { return }
    lastStatus = line
    send?(.status(line), false)
  }

  /// It comes from the loop, so that a loop that hangs is noticed.
  private func feedWatchdog() {
    send?(.watchdog, false)
    if let watchdogInterval { watchdog?.start(after: watchdogInterval / 2) }
  }
}
