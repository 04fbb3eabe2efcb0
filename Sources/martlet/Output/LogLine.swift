import Foundation
import Logging

/// One log message in its forms.
struct LogLine {
  let level: Logger.Level
  let message: String
  /// `account` and `folder` say what the message is about.
  let metadata: [String: String]

  /// `error: personal: INBOX: …`
  func text(colored: Bool) -> String {
    let subject = ["account", "folder"].compactMap { metadata[$0] }.map { $0 + ": " }.joined()
    return word(colored: colored) + subject + message
  }

  func json(at time: String) -> String {
    var object = metadata
    object["time"] = time
    object["level"] = level.rawValue
    object["message"] = message
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(object), as: UTF8.self)
    } catch {
      return message
    }
  }

  /// Of syslog.
  var priority: Int {
    switch level {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }

  private func word(colored: Bool) -> String {
    switch level {
    case .trace, .debug, .info, .notice: ""
    case .warning: colored ? "\u{1B}[33mwarning:\u{1B}[0m " : "warning: "
    case .error, .critical: colored ? "\u{1B}[31merror:\u{1B}[0m " : "error: "
    }
  }
}
