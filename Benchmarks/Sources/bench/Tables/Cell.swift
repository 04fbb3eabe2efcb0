import Foundation

/// Numbers as they stand in tables.
enum Cell {
  static let none = "–"

  /// One digit behind the point, or two below 10.
  static func number(_ value: Double?) -> String {
    guard let value else { return none }
    return String(format: abs(value) < 10 ? "%.2f" : "%.1f", value)
  }

  static func difference(_ value: Double?, _ floor: Double?) -> String {
    guard let value, let floor else { return none }
    return (value < floor ? "−" : "+") + number(abs(value - floor))
  }

  static func ratio(_ value: Double?, _ base: Double?) -> String {
    guard let value, let base, base > 0 else { return none }
    let ratio = value / base
    return ratio < 0 ? "−" + number(-ratio) : number(ratio)
  }

  static func grouped(_ value: Int) -> String {
    var digits = String(abs(value))
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (value < 0 ? "−" : "") + ([digits] + groups).joined(separator: ",")
  }
}
