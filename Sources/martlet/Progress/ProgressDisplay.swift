import Control
import Ports

/// Keeps the live line on standard error up to date, where there is a terminal.
@Loop
final class ProgressDisplay {
  /// Drawing more often shows nothing more.
  static let interval: Duration = .milliseconds(100)

  private let output: ErrorOutput
  private let isShown: Bool
  private let clock: any LoopClock
  private var line = ProgressLine()
  private var drawn: LoopInstant?

  init(_ output: ErrorOutput, clock: any LoopClock, isQuiet: Bool) {
    self.output = output
    isShown = output.isLive && !isQuiet
    self.clock = clock
  }

  func update(_ progress: SyncProgress) {
    guard isShown else { return }
    let now = clock.now
    line.update(progress, at: now)
    if let drawn, drawn.duration(to: now) < Self.interval { return }
    drawn = now
    output.show(line.text())
  }

  func clear() { output.show("") }
}
