import Foundation

/// Times as JSON carries them: ISO 8601 in UTC, to the second.
enum Timestamp {
  static func text(_ secondsSince1970: Int64) -> String {
    Date(timeIntervalSince1970: TimeInterval(secondsSince1970)).formatted(.iso8601)
  }

  static func seconds(_ text: String) -> Int64? {
    do {
      return Int64(try Date(text, strategy: .iso8601).timeIntervalSince1970)
    } catch {
      return nil
    }
  }

  static var now: String { Date().formatted(.iso8601) }

  /// As they are written, the later one is the greater one.
  static func isPast(_ text: String) -> Bool { text <= now }
}
