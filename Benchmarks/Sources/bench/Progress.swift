import Foundation

/// What is being done, for the person who waits; on standard error, so that standard output holds tables only.
enum Progress {
  private static let start = ContinuousClock.now

  static func say(_ text: String) {
    let seconds = Int((ContinuousClock.now - start) / .seconds(1))
    FileHandle.standardError.write(
      Data("[\(seconds / 60):\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)] \(text)\n".utf8))
  }

  /// The machine, and how busy it is: figures without that mean little.
  static func machine() -> String {
    let load = FileManager.default.contents(atPath: "/proc/loadavg").map { String(decoding: $0, as: UTF8.self) } ?? ""
    let words = load.split(separator: " ").prefix(3).joined(separator: " ")
    return "\(ProcessInfo.processInfo.activeProcessorCount) cores, load averages \(words)"
  }
}
