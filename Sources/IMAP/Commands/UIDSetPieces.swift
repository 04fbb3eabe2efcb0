package import Mail

extension UIDSet {
  /// RFC 7162 §4 and RFC 2683 §3.2.1.5: a client's lines have at most 8,192 octets; this leaves room for the rest.
  package static let commandTextMax = 8000

  /// The set cut, ascending, into pieces whose text has at most `textMax` octets. Empty for the empty set.
  package func pieces(textMax: Int = UIDSet.commandTextMax) -> [UIDSet] {
    precondition(textMax >= 21, "one range of two UIDs has up to 21 octets")
    var pieces: [UIDSet] = []
    var current = UIDSet()
    var length = 0
    for range in ranges {
      let text = Self.textLength(of: range)
      if length > 0, length + 1 + text > textMax {
        pieces.append(current)
        current = UIDSet()
        length = 0
      }
      current.insert(range)
      length += length == 0 ? text : text + 1
    }
    if !current.isEmpty { pieces.append(current) }
    return pieces
  }

  private static func textLength(of range: ClosedRange<UID>) -> Int {
    let lower = digits(range.lowerBound.rawValue)
    return range.lowerBound == range.upperBound ? lower : lower + 1 + digits(range.upperBound.rawValue)
  }

  private static func digits(_ number: UInt32) -> Int {
    var number = number
    var count = 1
    while number >= 10 {
      number /= 10
      count += 1
    }
    return count
  }
}
