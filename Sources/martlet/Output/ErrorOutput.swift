import Glibc
import Synchronization

/// Standard error: messages, and below them one live line that is drawn over again.
///
/// Locked, because loggers write from wherever they are; nobody waits while it is held.
final class ErrorOutput: Sendable {
  private let liveLine = Mutex("")
  let isLive: Bool
  let mayColor: Bool

  init(environment: Environment) {
    isLive = Terminal.isLive(STDERR_FILENO, environment: environment)
    mayColor = Terminal.mayColor(STDERR_FILENO, environment: environment)
  }

  /// A message of whole lines, above the live line.
  func write(_ line: String) {
    liveLine.withLock { live in
      let clear = live.isEmpty ? "" : Self.clearLine
      writeAll(STDERR_FILENO, clear + line + "\n" + Self.drawn(live))
    }
  }

  /// Replaces the live line; nothing happens where there is no terminal. Empty takes it away.
  func show(_ line: String) {
    guard isLive else { return }
    liveLine.withLock { live in
      guard line != live else { return }
      live = line
      writeAll(STDERR_FILENO, Self.clearLine + Self.drawn(line))
    }
  }

  private static let clearLine = "\r\u{1B}[K"

  private static func drawn(_ line: String) -> String {
    // The last column stays free: some terminals wrap when it is written.
    line.isEmpty ? "" : DisplayWidth.fitting(line, Terminal.width(STDERR_FILENO) - 1)
  }
}

/// Standard output: results.
enum StandardOutput {
  static func write(_ text: String) { writeAll(STDOUT_FILENO, text + "\n") }

  /// What was on the screen is drawn over.
  static func redraw(_ text: String) { writeAll(STDOUT_FILENO, "\u{1B}[H\u{1B}[J" + text) }

  /// A sequence for the terminal.
  static func control(_ sequence: String) { writeAll(STDOUT_FILENO, sequence) }
}

/// What cannot be written to standard error is lost; there is nobody to tell. Results are what a program is for: where
/// nobody reads them any more it ends as others do, and where they cannot be stored it says so.
private func writeAll(_ descriptor: Int32, _ text: String) {
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count > 0 {
      rest = rest.dropFirst(count)
    } else if errno == EAGAIN {
      var descriptor = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      unsafe poll(&descriptor, 1, -1)
    } else if errno != EINTR {
      if descriptor == STDOUT_FILENO { endWithoutResults(errno) }
      return
    }
  }
}

private func endWithoutResults(_ reason: Int32) -> Never {
  if reason == EPIPE {
    signal(SIGPIPE, SIG_DFL)
    raise(SIGPIPE)
  }
  writeAll(STDERR_FILENO, "error: standard output cannot be written: \(unsafe String(cString: strerror(reason)))\n")
  exit(ExitStatus.software.rawValue)
}
