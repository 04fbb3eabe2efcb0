internal import Mail

extension Cursor {
  /// A UID; 0 is none.
  mutating func uid() throws(ParseError) -> UID {
    guard let uid = UID(rawValue: try number32()) else { throw .malformed }
    return uid
  }

  mutating func modSequence() throws(ParseError) -> ModSequence { ModSequence(rawValue: UInt64(try number())) }

  /// `uid-set` of RFC 4315 §4, in the order written; each range ascending, because `5:2` means `2:5`.
  mutating func uidRanges() throws(ParseError) -> [ClosedRange<UID>] {
    var ranges: [ClosedRange<UID>] = []
    repeat {
      let first = try uid()
      guard consume(UInt8(ascii: ":")) else {
        ranges.append(first...first)
        continue
      }
      let second = try uid()
      ranges.append(Swift.min(first, second)...Swift.max(first, second))
    } while consume(UInt8(ascii: ","))
    return ranges
  }

  mutating func uidSet() throws(ParseError) -> UIDSet { UIDSet(try uidRanges()) }
}
