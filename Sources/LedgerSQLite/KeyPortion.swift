import GRDB
import Mail

/// Some of the keys that are asked for: `key IN (marks)`, with these values.
struct KeyPortion {
  /// Most keys asked for in one statement; SQLite's own limit of variables is far above.
  private static let keysMax = 256

  let marks: String
  let values: [DatabaseValue]

  /// Powers of two keep the prepared statements few; NULL, which no key is, fills up.
  private init(_ keys: ArraySlice<DatabaseValue>) {
    let places = keys.count.roundedUpToPowerOfTwo
    marks = repeatElement("?", count: places).joined(separator: ",")
    values = Array(keys) + Array(repeating: .null, count: places - keys.count)
  }

  static func portions(of keys: some Collection<MessageKey>) -> [KeyPortion] {
    let wanted = Set(keys).map(KeyColumn.value)
    return stride(from: 0, to: wanted.count, by: keysMax).map { KeyPortion(wanted[$0...].prefix(keysMax)) }
  }
}

extension Int {
  fileprivate var roundedUpToPowerOfTwo: Int {
    self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount)
  }
}
