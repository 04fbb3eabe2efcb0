import Glibc
import Logging

/// Log messages on standard error: one line each, for a person, for the journal, or as JSON.
struct StandardErrorLog: LogHandler {
  enum Form: Sendable {
    /// `timed` where one reads along and wants to know when.
    case text(timed: Bool)
    /// With the priority in front that journald takes off (sd-daemon(3)).
    case journal
    case json
  }

  let form: Form
  let output: ErrorOutput
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level

  init(form: Form, level: Logger.Level, output: ErrorOutput) {
    self.form = form
    self.output = output
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    let line = LogLine(level: event.level, message: "\(event.message)", metadata: all.mapValues { "\($0)" })
    switch form {
    case .text(let timed):
      let time = timed ? Self.clockTime() + " " : ""
      output.write(time + line.text(colored: output.mayColor))
    case .journal: output.write("<\(line.priority)>" + line.text(colored: false))
    case .json: output.write(line.json(at: Timestamp.now))
    }
  }

  /// Local time to the millisecond.
  private static func clockTime() -> String {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    var parts = unsafe tm()
    unsafe localtime_r(&now.tv_sec, &parts)
    let fields = unsafe [
      (Int(parts.tm_hour), 2), (Int(parts.tm_min), 2), (Int(parts.tm_sec), 2), (now.tv_nsec / 1_000_000, 3),
    ]
    let texts = fields.map { value, width in
      String(repeating: "0", count: max(0, width - "\(value)".count)) + "\(value)"
    }
    return texts.dropLast().joined(separator: ":") + "." + texts[3]
  }
}

extension StandardErrorLog {
  /// As the options and the environment want it.
  init(_ options: CommonOptions, environment: Environment, output: ErrorOutput) {
    let level: Logger.Level =
      switch options.verbose {
      case 0: options.quiet ? .error : .notice
      case 1: .info
      case 2: .debug
      default: .trace
      }
    let form: Form =
      switch options.logFormat {
      case .json: .json
      case .text: Self.isJournal(environment) ? .journal : .text(timed: options.verbose > 0)
      }
    self.init(form: form, level: level, output: output)
  }

  /// systemd.exec(5): the variable is inherited by whatever a service starts, so that it counts only where it names the
  /// stream that standard error is.
  static func isJournal(_ environment: Environment) -> Bool {
    var status = stat()
    guard let stream = environment["JOURNAL_STREAM"], unsafe fstat(STDERR_FILENO, &status) == 0 else { return false }
    return stream == "\(status.st_dev):\(status.st_ino)"
  }
}
