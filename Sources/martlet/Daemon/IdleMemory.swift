import CLinux
import Ports

/// Keeps the daemon small while nothing happens: what a pass needed is given back once everything is in sync.
///
/// Start-up and a first pass run through most of the program's code, of which waiting needs little. Its pages stay in
/// the page cache while memory is free; they only stop counting as ours.
@Loop
struct IdleMemory {
  let board: StatusBoard
  let isIdle: @Loop () -> Bool

  /// Runs until cancelled.
  func keepSmall() async {
    var known = 0
    var wasIdle = false
    while !Task.isCancelled {
      if isIdle(), !wasIdle {
        clinux_trim_memory()
        clinux_release_code()
      }
      wasIdle = isIdle()
      known = await board.change(since: known)
    }
  }
}
