import Glibc
import Ports
import Reactor

/// SIGTERM and SIGINT: the first asks for an orderly stop, a second ends the process at once.
@Loop
final class StopSignals {
  /// How long an orderly stop may take.
  static let deadline: Duration = .seconds(5)

  /// What the process was asked to stop with.
  private(set) var received: SignalWatch.Signal?
  private let signals: Signals
  var onFirst: @Loop () -> Void = {}

  init(_ signals: Signals) {
    self.signals = signals
    for signal in [SignalWatch.Signal.terminate, .interrupt] {
      signals.on(signal) { [weak self] in self?.stop(signal) }
    }
  }

  /// Ends the process by the signal it was given, so that whoever started it sees why it ended.
  func die(of signal: SignalWatch.Signal) -> Never {
    signals.letGo()
    _ = Glibc.signal(signal.rawValue, SIG_DFL)
    raise(signal.rawValue)
    // Blocked by whoever started us; then as the shell would tell it.
    exit(128 + signal.rawValue)
  }

  private func stop(_ signal: SignalWatch.Signal) {
    guard received == nil else { die(of: signal) }
    received = signal
    onFirst()
  }
}
