import Foundation

/// Numbers with their unit, for people.
enum Amount {
  /// Decimal units, as disks and links are sold.
  static func bytes(_ count: Int) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"]
    var value = Double(count)
    var unit = 0
    while value >= 999.95, unit + 1 < units.count {
      value /= 1000
      unit += 1
    }
    return unit == 0 ? "\(count) B" : String(format: "%.1f %@", value, units[unit])
  }

  /// Rounded up to what one can wait for: `40 s`, `3 min`, `2 h`.
  static func seconds(_ seconds: Double) -> String {
    switch seconds {
    case ..<90: "\(max(1, Int(seconds.rounded(.up)))) s"
    case ..<5400: "\(Int((seconds / 60).rounded(.up))) min"
    case ..<3_600_000: "\(Int((seconds / 3600).rounded(.up))) h"
    default: "over 1000 h"
    }
  }
}
