import Confinement
import Ports
import Reactor

/// The signals that are sent to martlet: to this process, or to the outer one, which passes them on.
@Loop
final class Signals {
  private let reactor: Reactor
  private let outer: OuterChannel?
  private var watches: [SignalWatch] = []

  init(_ reactor: Reactor, outer: OuterChannel?) {
    self.reactor = reactor
    self.outer = outer
  }

  /// Calls back for each arrival, as long as this lives.
  func on(_ signal: SignalWatch.Signal, _ handler: @escaping @Loop () -> Void) {
    if let outer {
      outer.onSignal(signal.rawValue, handler)
    } else {
      watches.append(SignalWatch(reactor, signal, onSignal: handler))
    }
  }

  /// From here on signals to this process do what they do by themselves.
  func letGo() { watches.removeAll() }
}
