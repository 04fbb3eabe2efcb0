import Mail

/// What one FETCH response tells; as much as the floor and the observers need.
struct FetchLine {
  let number: Int
  let uid: UInt32?
  /// Nil where the response tells no flags.
  let flags: [String]?
  let secondsSince1970: Int?

  /// Nil for another response.
  init?(_ text: String) {
    let words = text.split(separator: " ", maxSplits: 3)
    guard words.count == 4, words[0] == "*", words[2] == "FETCH", let number = Int(words[1]) else { return nil }
    self.number = number
    let rest = words[3]
    uid = Self.between("UID ", [" ", ")"], in: rest).flatMap { UInt32($0) }
    flags = Self.between("FLAGS (", [")"], in: rest)?.split(separator: " ").map(String.init)
    secondsSince1970 = Self.between("INTERNALDATE \"", ["\""], in: rest).flatMap(Self.seconds)
  }

  /// The letters of a Maildir file name.
  var letters: String {
    var letters = ""
    for (flag, letter) in [
      ("\\Draft", "D"), ("\\Flagged", "F"), ("$Forwarded", "P"), ("\\Answered", "R"),
      ("\\Seen", "S"), ("\\Deleted", "T"),
    ] where flags?.contains(flag) == true { letters += letter }
    return letters
  }

  private static func between(_ start: String, _ ends: Set<Character>, in text: Substring) -> Substring? {
    guard let found = text.firstRange(of: start) else { return nil }
    return text[found.upperBound...].prefix { !ends.contains($0) }
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// ` 7-Jul-1996 02:44:25 -0700`
  private static func seconds(_ text: Substring) -> Int? {
    let words = text.split(separator: " ")
    guard words.count == 3, let zone = Int(words[2]) else { return nil }
    let date = words[0].split(separator: "-")
    let time = words[1].split(separator: ":").compactMap { Int($0) }
    guard date.count == 3, time.count == 3, let day = Int(date[0]), let year = Int(date[2]),
      let month = months.firstIndex(of: String(date[1]))
    else { return nil }
    // Years that begin in March end with the leap day.
    let (march, era) = ((month + 10) % 12, month < 2 ? year - 1 : year)
    let days = era * 365 + era / 4 - era / 100 + era / 400 + (march * 153 + 2) / 5 + day - 719_469
    return days * 86_400 + time[0] * 3_600 + time[1] * 60 + time[2] - (zone / 100 * 60 + zone % 100) * 60
  }
}
