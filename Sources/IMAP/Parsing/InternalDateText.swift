internal import Mail

/// The `date-time` of RFC 9051 §9: `17-Jul-1996 02:44:25 -0700`.
enum InternalDateText {
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
  private static let monthWords = months.map { Word($0) }
  private static let secondsPerDay: Int64 = 86_400

  /// Nil for what is no date. A leap second counts as the first of the next minute.
  static func parse(_ text: ArraySlice<UInt8>) -> InternalDate? {
    var reader = Reader(rest: text)
    reader.skipSpaces()
    guard let day = reader.number(digits: 1...2), reader.consume("-"),
      let month = monthWords.firstIndex(of: Word(reader.take(3))).map({ $0 + 1 }), reader.consume("-"),
      let year = reader.number(digits: 4...4), year > 0, (1...days(inMonth: month, of: year)).contains(day),
      reader.consume(" "),
      let hour = reader.number(digits: 2...2), hour < 24, reader.consume(":"),
      let minute = reader.number(digits: 2...2), minute < 60, reader.consume(":"),
      let second = reader.number(digits: 2...2), second <= 60, reader.consume(" "),
      let sign = reader.sign(), let zone = reader.number(digits: 4...4), zone % 100 < 60, zone < 2400,
      reader.rest.isEmpty
    else { return nil }
    let offset = sign * (zone / 100 * 3600 + zone % 100 * 60)
    let seconds = Int64(hour * 3600 + minute * 60 + second - offset)
    return InternalDate(secondsSince1970: daysSince1970(year: year, month: month, day: day) * secondsPerDay + seconds)
  }

  /// In UTC; nil outside the years 1 to 9999, which IMAP cannot say.
  static func format(_ date: InternalDate) -> String? {
    guard (-62_135_596_800...253_402_300_799).contains(date.secondsSince1970) else { return nil }
    let (day, second) = floorDivide(date.secondsSince1970, by: secondsPerDay)
    let (year, month, dayOfMonth) = civil(daysSince1970: day)
    let time = [second / 3600, second / 60 % 60, second % 60].map { pad($0, to: 2, with: "0") }
    return pad(dayOfMonth, to: 2, with: " ") + "-" + months[Int(month) - 1] + "-" + pad(year, to: 4, with: "0") + " "
      + time.joined(separator: ":") + " +0000"
  }

  private static func pad(_ number: Int64, to width: Int, with filler: Character) -> String {
    let digits = String(number)
    return String(repeating: filler, count: Swift.max(0, width - digits.count)) + digits
  }

  private static func days(inMonth month: Int, of year: Int) -> Int {
    switch month {
    case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Counted in years that begin with March, so that the leap day is the last of its year.
  private static func daysSince1970(year: Int, month: Int, day: Int) -> Int64 {
    let year = Int64(month <= 2 ? year - 1 : year)
    let (era, yearOfEra) = floorDivide(year, by: 400)
    let dayOfYear = Int64((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1)
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// The inverse of `daysSince1970`.
  private static func civil(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = floorDivide(days + 719_468, by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
  }

  /// Rounds down, also below zero.
  private static func floorDivide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let remainder = (value % divisor + divisor) % divisor
    return ((value - remainder) / divisor, remainder)
  }

  private struct Reader {
    var rest: ArraySlice<UInt8>

    mutating func skipSpaces() { rest = rest.drop { $0 == UInt8(ascii: " ") } }

    mutating func take(_ count: Int) -> ArraySlice<UInt8> {
      let taken = rest.prefix(count)
      rest = rest.dropFirst(count)
      return taken
    }

    mutating func consume(_ character: Unicode.Scalar) -> Bool {
      guard let first = rest.first, UInt32(first) == character.value else { return false }
      rest = rest.dropFirst()
      return true
    }

    mutating func number(digits: ClosedRange<Int>) -> Int? {
      let run = rest.prefix { (0x30...0x39).contains($0) }
      guard digits.contains(run.count) else { return nil }
      rest = rest.dropFirst(run.count)
      return run.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    mutating func sign() -> Int? { consume("+") ? 1 : consume("-") ? -1 : nil }
  }
}
