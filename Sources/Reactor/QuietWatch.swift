package import Ports

/// Tells each time that the loop has had nothing to do for a while, after it has had something to do.
///
/// A loop at rest is not woken: the timer runs only after a pass that something else has caused. One watch a reactor.
@Loop
package final class QuietWatch {
  private let reactor: Reactor
  private let span: Duration
  private let onQuiet: @Loop () -> Void
  private lazy var timer = LoopTimer(reactor) { [weak self] in self?.timeIsOver() }
  private var isTimed = false
  /// The pass that waits for the timer, if nothing else comes.
  private var waitingPass = 0
  /// The pass after the watch has told: it has no other cause.
  private var ownPass = 0

  package init(_ reactor: Reactor, after span: Duration, onQuiet: @escaping @Loop () -> Void) {
    self.reactor = reactor
    self.span = span
    self.onQuiet = onQuiet
    reactor.willWait = { [weak self] in Loop.assumeIsolated { self?.loopWillWait() } }
  }

  private func loopWillWait() {
    guard !isTimed, reactor.passes > ownPass else { return }
    isTimed = true
    waitingPass = reactor.passes
    timer.start(after: span)
  }

  private func timeIsOver() {
    isTimed = false
    // Otherwise it is started anew before the loop waits again.
    guard reactor.passes == waitingPass else { return }
    ownPass = reactor.passes + 1
    onQuiet()
  }
}
