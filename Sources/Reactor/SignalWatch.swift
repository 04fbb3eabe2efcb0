import CLibevent
import CLinux
import Glibc
package import Ports

/// Calls back on the loop for each arrival of a signal, as long as it lives. One reactor of a process may watch signals.
///
/// A signal that was held until now is let: what came before comes then.
@Loop
@safe
package final class SignalWatch {
  package enum Signal: Int32, Sendable, CaseIterable {
    case terminate = 15
    case interrupt = 2
    case hangUp = 1
    case user1 = 10
    case child = 17
  }

  /// Freed in deinit; its argument is the retained target.
  private let event: OpaquePointer
  private let target: CallbackTarget<Void>

  package init(_ reactor: Reactor, _ signal: Signal, onSignal: @escaping @Loop () -> Void) {
    target = CallbackTarget { _ in onSignal() }
    let event = unsafe event_new(
      reactor.base, signal.rawValue, Int16(EV_SIGNAL | EV_PERSIST),
      { @Sendable _, _, argument in unsafe CallbackTarget<Void>.fire(argument, ()) },
      Unmanaged.passUnretained(target).toOpaque())
    guard let event = unsafe event, unsafe event_add(event, nil) == 0 else {
      preconditionFailure("signal \(signal) cannot be watched")
    }
    unsafe self.event = event
    unsafe clinux_let_signals([signal.rawValue], 1)
  }

  isolated deinit {
    unsafe event_free(event)
  }
}
