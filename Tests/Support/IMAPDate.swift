import Foundation
import Mail

/// The date-time of APPEND and INTERNALDATE (RFC 9051 §9): `17-Jul-1996 02:44:25 -0700`.
enum IMAPDate {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  static func text(_ date: InternalDate) -> String {
    let parts = calendar.dateComponents(
      [.year, .month, .day, .hour, .minute, .second],
      from: Date(timeIntervalSince1970: TimeInterval(date.secondsSince1970)))
    func digits(_ value: Int?) -> String {
      let text = String(value ?? 0)
      return text.count < 2 ? "0" + text : text
    }
    let month = months[(parts.month ?? 1) - 1]
    let time = [parts.hour, parts.minute, parts.second].map(digits).joined(separator: ":")
    return "\(digits(parts.day))-\(month)-\(parts.year ?? 1970) \(time) +0000"
  }

  static func read(_ text: String) -> InternalDate? {
    let words = text.split(separator: " ")
    guard words.count == 3 else { return nil }
    let day = words[0].split(separator: "-")
    let time = words[1].split(separator: ":").compactMap { Int($0) }
    guard day.count == 3, time.count == 3, let zone = Int(words[2]),
      let month = months.firstIndex(where: { $0.lowercased() == day[1].lowercased() }),
      let date = calendar.date(
        from: DateComponents(
          year: Int(day[2]), month: month + 1, day: Int(day[0]), hour: time[0], minute: time[1], second: time[2]))
    else { return nil }
    let offset = (zone / 100 * 60 + zone % 100) * 60
    return InternalDate(secondsSince1970: Int64(date.timeIntervalSince1970) - Int64(offset))
  }

  private static let calendar: Calendar = {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    return calendar
  }()
}
