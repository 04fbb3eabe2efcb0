import CLinux
import Reactor

/// Signals that come before anybody waits for them: a service manager may send one as soon as it has started us, and by
/// itself each would end the process. They are held from the first moment on, and come to the first `SignalWatch`, or to
/// the outer process.
enum EarlySignals {
  private static let forAll = [SignalWatch.Signal.terminate, .interrupt].map(\.rawValue)
  private static let forRun = [SignalWatch.Signal.hangUp, .user1].map(\.rawValue)

  static func hold() {
    let signals = forAll + forRun
    unsafe clinux_block_signals(signals, Int32(signals.count))
  }

  /// For a command that has no use for them: they do what they do by themselves.
  static func letThoseForRun() { unsafe clinux_let_signals(forRun, Int32(forRun.count)) }
}
