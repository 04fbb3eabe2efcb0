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

  /// What the command waits for. Those that it has no use for are let go, and do what they do by themselves: before the
  /// process splits, so that in neither half they come to nobody.
  static func awaited(by command: any ProgramCommand) -> [Int32] {
    if command is RunCommand { return forAll + forRun }
    unsafe clinux_let_signals(forRun, Int32(forRun.count))
    return forAll
  }
}
