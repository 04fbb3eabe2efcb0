import Configuration
import Glibc
import Logging
import Synchronization

/// Standard error: messages, and below them one live line that is drawn over again.
///
/// Locked, because loggers write from wherever they are.
final class ErrorOutput: Sendable {
  private struct State {
    var live = ""
    /// How long, in milliseconds, a line waits for a reader; -1 is for ever.
    var patience: Int32 = -1
    /// Lines that nobody read in time, since one was read.
    var lostCount = 0
  }

  /// A reader who pauses so long is waited for no more. Others on the same loop have work to do meanwhile.
  private static let patience: Int32 = 200
  /// So much can be written to a pipe or a terminal without waiting, once it takes anything (PIPE_BUF).
  fileprivate static let pieceSize = 4096

  private let state = Mutex(State())
  let isLive: Bool
  let mayColor: Bool
  private let isJSON: Bool
  private let isJournal: Bool

  init(environment: Environment, format: CommonOptions.LogFormat) {
    isJSON = format == .json
    isJournal = StandardErrorLog.isJournal(environment)
    // Who reads JSON reads lines.
    isLive = !isJSON && Terminal.isLive(STDERR_FILENO, environment: environment)
    mayColor = Terminal.mayColor(STDERR_FILENO, environment: environment)
  }

  /// From now on what nobody reads is lost, and told of by number: a daemon must not stand still for its log.
  func stopWaitingForReaders() { state.withLock { $0.patience = Self.patience } }

  /// A message of whole lines, above the live line.
  func write(_ line: String) {
    state.withLock { state in
      let lost = state.lostCount == 0 ? "" : lossNotice(state.lostCount) + "\n"
      let clear = state.live.isEmpty ? "" : Self.clearLine
      let text = clear + lost + line + "\n" + Self.drawn(state.live)
      // Who did not read in time is not waited for again before he reads.
      if writeAll(STDERR_FILENO, text, patience: state.lostCount == 0 ? state.patience : 0) {
        state.lostCount = 0
      } else {
        state.lostCount += 1
      }
    }
  }

  /// What is wrong with a configuration, each as `FILE:LINE: KEY: what was expected`, bare, so that editors find the
  /// place.
  func tell(_ errors: ConfigurationErrors) {
    for error in errors.errors { write(formed(.error, "\(error)")) }
  }

  /// What keeps results from being written.
  fileprivate func tellLost(_ reason: String) {
    let message = "standard output cannot be written: \(reason)"
    write(formed(.error, isJSON ? message : "error: " + message))
  }

  private func lossNotice(_ count: Int) -> String {
    let text = "lines lost here because nobody read them: \(count)"
    return formed(.warning, isJSON ? text : "(\(text))")
  }

  /// Besides what a log writes; the journal takes each line for a message of its own.
  private func formed(_ level: Logger.Level, _ message: String) -> String {
    let line = LogLine(level: level, message: message, metadata: [:])
    if isJSON { return line.json(at: Timestamp.now) }
    guard isJournal else { return message }
    return message.split(separator: "\n", omittingEmptySubsequences: false).map { "<\(line.priority)>\($0)" }
      .joined(separator: "\n")
  }

  /// Replaces the live line; nothing happens where there is no terminal. Empty takes it away.
  func show(_ line: String) {
    guard isLive else { return }
    state.withLock { state in
      guard line != state.live else { return }
      state.live = line
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
  /// Who says so where they cannot be written.
  fileprivate static let errors = Mutex<ErrorOutput?>(nil)

  static func tellLosses(by output: ErrorOutput) { errors.withLock { $0 = output } }

  static func write(_ text: String) { writeAll(STDOUT_FILENO, text + "\n") }

  /// What was on the screen is drawn over.
  static func redraw(_ text: String) { writeAll(STDOUT_FILENO, "\u{1B}[H\u{1B}[J" + text) }

  /// A sequence for the terminal.
  static func control(_ sequence: String) { writeAll(STDOUT_FILENO, sequence) }
}

/// What cannot be written to standard error is lost; there is nobody to tell. Results are what a program is for: where
/// nobody reads them any more it ends as others do, and where they cannot be stored it says so.
///
/// False where it was not taken within `patience` milliseconds (-1: for ever) after the piece before.
@discardableResult
private func writeAll(_ descriptor: Int32, _ text: String, patience: Int32 = -1) -> Bool {
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    if patience >= 0, !isWritable(descriptor, within: patience) { return false }
    let piece = patience >= 0 ? rest.prefix(ErrorOutput.pieceSize) : rest
    let count = unsafe piece.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count > 0 {
      rest = rest.dropFirst(count)
    } else if errno == EAGAIN {
      guard isWritable(descriptor, within: patience) else { return false }
    } else if errno != EINTR {
      if descriptor == STDOUT_FILENO { endWithoutResults(errno) }
      return true
    }
  }
  return true
}

private func isWritable(_ descriptor: Int32, within milliseconds: Int32) -> Bool {
  var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
  while true {
    let count = unsafe poll(&entry, 1, milliseconds)
    if count >= 0 || errno != EINTR { return count > 0 }
  }
}

private func endWithoutResults(_ reason: Int32) -> Never {
  if reason == EPIPE {
    signal(SIGPIPE, SIG_DFL)
    raise(SIGPIPE)
  }
  StandardOutput.errors.withLock { $0 }?.tellLost(unsafe String(cString: strerror(reason)))
  exit(ExitStatus.incomplete.rawValue)
}
