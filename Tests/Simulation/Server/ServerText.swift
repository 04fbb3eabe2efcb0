import Mail

/// How values are written on the wire (RFC 9051 §9).
extension [UInt8] {
  mutating func say(_ text: String) { append(contentsOf: text.utf8) }

  mutating func sayLineEnd() {
    append(0x0D)
    append(0x0A)
  }

  /// Quoted where that is possible, else a literal.
  mutating func sayString(_ text: some Collection<UInt8>) {
    guard text.count < 1000, text.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return sayLiteral(text) }
    append(UInt8(ascii: "\""))
    for octet in text {
      if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\") { append(UInt8(ascii: "\\")) }
      append(octet)
    }
    append(UInt8(ascii: "\""))
  }

  mutating func sayLiteral(_ text: some Collection<UInt8>) {
    say("{\(text.count)}")
    sayLineEnd()
    append(contentsOf: text)
  }
}

/// The `date-time` of RFC 9051 §9, in the proleptic Gregorian calendar.
enum ServerDate {
  private static let months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
  private static let shown = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// In UTC.
  static func text(_ date: InternalDate) -> String {
    let second = (Int(date.secondsSince1970) % 86_400 + 86_400) % 86_400
    let days = (Int(date.secondsSince1970) - second) / 86_400
    // Counted from 1 March of year 0, so that a leap day is the last of its year.
    let day = days + 719_468
    let era = day >= 0 ? day / 146_097 : (day - 146_096) / 146_097
    let dayOfEra = day - era * 146_097
    let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    let civilMonth = month < 10 ? month + 3 : month - 9
    let civilYear = year + era * 400 + (civilMonth <= 2 ? 1 : 0)
    return pad(dayOfYear - (153 * month + 2) / 5 + 1, 2) + "-\(shown[civilMonth - 1])-" + pad(civilYear, 4) + " "
      + pad(second / 3600, 2) + ":" + pad(second / 60 % 60, 2) + ":" + pad(second % 60, 2) + " +0000"
  }

  /// Nil for what is no date.
  static func read(_ text: String) -> InternalDate? {
    let words = text.split(separator: " ")
    guard words.count == 3 else { return nil }
    let date = words[0].split(separator: "-")
    let time = words[1].split(separator: ":").compactMap { Int($0) }
    guard date.count == 3, time.count == 3, let day = Int(date[0]), let year = Int(date[2]), let zone = Int(words[2]),
      words[2].count == 5, let month = months.firstIndex(of: date[1].uppercased()).map({ $0 + 1 }),
      (1...31).contains(day), (0...23).contains(time[0]), (0...59).contains(time[1]), (0...60).contains(time[2])
    else { return nil }
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted >= 0 ? shifted / 400 : (shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    let seconds = time[0] * 3600 + time[1] * 60 + time[2] - (zone / 100 * 3600 + zone % 100 * 60)
    return InternalDate(secondsSince1970: Int64(days * 86_400 + seconds))
  }

  private static func pad(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

/// Base64 with padding (RFC 4648 §4), for SASL.
enum ServerBase64 {
  /// Nil for what is not.
  static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
    var octets: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for octet in text where octet != UInt8(ascii: "=") {
      let value: UInt32
      switch octet {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = UInt32(octet) - 65
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = UInt32(octet) - 71
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt32(octet) + 4
      case UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "/"): value = 63
      default: return nil
      }
      bits = bits << 6 | value
      count += 6
      if count >= 8 {
        count -= 8
        octets.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        bits &= (1 << UInt32(count)) - 1
      }
    }
    return octets
  }
}
