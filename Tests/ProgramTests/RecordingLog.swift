import Logging
import Synchronization

/// Keeps what is logged at `info` and above, for a test to look at.
final class RecordingLog: LogHandler {
  private let recorded = Mutex<[(level: Logger.Level, line: String)]>([])
  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  var logLevel: Logger.Level {
    get { .info }
    set {}
  }
  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) {
    let folder = event.metadata?["folder"].map { "\($0): " } ?? ""
    recorded.withLock { $0.append((event.level, folder + "\(event.message)")) }
  }

  /// With the folder before the message, as people see it.
  func lines(from level: Logger.Level = .info) -> [String] {
    recorded.withLock { lines in lines.filter { $0.level >= level }.map(\.line) }
  }
}
