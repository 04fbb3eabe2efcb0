package import Ports

/// Tells each time that the loop has had nothing to do for a while, after it has had something to do; and of a loop that
/// always has something to do, that it does, now and then.
///
/// A loop at rest is not woken: the timer runs only after a pass that something else has caused. One watch a reactor.
@Loop
package final class QuietWatch {
  private let reactor: Reactor
  private let span: Duration
  private let onQuiet: @Loop () -> Void
  private let onBusy: @Loop () -> Void
  private lazy var timer = LoopTimer(reactor) { [weak self] in self?.timeIsOver() }
  private var isTimed = false
  /// The pass that waits for the timer, if nothing else comes.
  private var waitingPass = 0
  /// The pass after the watch has told: it has no other cause.
  private var ownPass = 0
  /// In a row.
  private var busySpans = 0
  private let busySpansMax: Int

  /// - Parameters:
  ///   - span: without anything to do it is rest.
  ///   - busySpansMax: after so many spans in a row that were no rest, `onBusy` is called, and after as many again.
  package init(
    _ reactor: Reactor, after span: Duration, busyAfter busySpansMax: Int, onQuiet: @escaping @Loop () -> Void,
    onBusy: @escaping @Loop () -> Void
  ) {
    self.reactor = reactor
    self.span = span
    self.busySpansMax = busySpansMax
    self.onQuiet = onQuiet
    self.onBusy = onBusy
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
    guard reactor.passes == waitingPass else {
      busySpans += 1
      if busySpans.isMultiple(of: busySpansMax) { onBusy() }
      return
    }
    busySpans = 0
    ownPass = reactor.passes + 1
    onQuiet()
  }
}
