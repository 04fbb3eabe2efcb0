internal import Mail

/// A server's line as a log shows it (laws L12, L13).
enum TraceLine {
  /// Longer lines are cut: a log is read by people.
  static let lengthMax = 1000

  /// Literals by their number of octets, and printable.
  static func of(_ octets: [UInt8], hiding credentials: Credentials?) -> String {
    guard let credentials else { return shown(octets) }
    let isSearched = octets.count <= Credentials.searchedMax
    return shown(credentials.hidden(in: isSearched ? withoutLiterals(octets, limit: octets.count) : octets))
  }

  private static func shown(_ octets: [UInt8]) -> String {
    // A character has four octets at most.
    let text = withoutLiterals(octets, limit: 4 * lengthMax)
    return printable(String(decoding: text, as: UTF8.self), limit: lengthMax)
  }

  /// Its beginning, a little more than `limit` at most, with the headers of its literals in their places.
  private static func withoutLiterals(_ octets: [UInt8], limit: Int) -> [UInt8] {
    var result: [UInt8] = []
    var rest = octets[...]
    while let end = lineEnd(of: rest) {
      let line = rest[..<end]
      result += line
      guard result.count <= limit else { return result }
      rest = rest[(end + 2)...].dropFirst(literalSize(line) ?? 0)
    }
    return result + rest.prefix(limit + 1)
  }

  private static func lineEnd(of octets: ArraySlice<UInt8>) -> Int? {
    var from = octets.startIndex
    while let end = octets[from...].firstIndex(of: UInt8(ascii: "\r")) {
      if end + 1 < octets.endIndex, octets[end + 1] == UInt8(ascii: "\n") { return end }
      from = end + 1
    }
    return nil
  }

  /// Of a line that ends with `{n}`.
  private static func literalSize(_ line: ArraySlice<UInt8>) -> Int? {
    guard line.last == UInt8(ascii: "}"), let start = line.lastIndex(of: UInt8(ascii: "{")) else { return nil }
    let digits = line[(start + 1)...].dropLast()
    guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(String(decoding: digits, as: UTF8.self))
  }
}
