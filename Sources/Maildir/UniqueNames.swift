package import Ports

/// Makes the unique parts of file names: `SECONDS.M<µs>P<pid>Q<n>R<tag>.HOST` (maildir(5)).
///
/// `tag` is random and stays for the generator's life; with the count it makes a name unique even where the clock
/// jumps and process numbers repeat, as in containers.
package struct UniqueNames: Sendable {
  private static let hostLengthMax = 64

  private let process: String
  private let host: String
  private var count = 0

  package init(host: String, processID: Int32, tag: UInt64) {
    process = "P\(processID)"
    self.host = Self.escaped(host)
    mark = "R" + String(tag, radix: 16)
  }

  private let mark: String

  package mutating func next(at time: WallTime) -> String {
    count += 1
    return "\(time.seconds).M\(time.microseconds)\(process)Q\(count)\(mark).\(host)"
  }

  /// True for a name that this very generator made.
  package func isFresh(_ name: String) -> Bool { name.hasSuffix("\(mark).\(host)") && isOwn(name) }

  /// True for a name that some martlet on this host made.
  package func isOwn(_ name: String) -> Bool {
    guard name.hasSuffix(".\(host)") else { return false }
    var rest = name.utf8.dropLast(host.utf8.count + 1)
    for (prefix, isHexadecimal) in [("", false), (".M", false), ("P", false), ("Q", false), ("R", true)] {
      guard rest.starts(with: prefix.utf8) else { return false }
      rest = rest.dropFirst(prefix.utf8.count)
      let digits = rest.prefix { byte in
        (0x30...0x39).contains(byte) || isHexadecimal && (0x61...0x66).contains(byte)
      }
      guard !digits.isEmpty else { return false }
      rest = rest.dropFirst(digits.count)
    }
    return rest.isEmpty
  }

  /// As maildir(5) says for `/` and `:`; and so for everything that has a meaning in a file name or cannot be seen.
  private static func escaped(_ host: String) -> String {
    var result = ""
    for byte in host.utf8 {
      switch byte {
      case UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "\\"), 0...0x20, 0x7F...:
        let digits = String(byte, radix: 8)
        result += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
      default: result.unicodeScalars.append(Unicode.Scalar(byte))
      }
      if result.utf8.count >= hostLengthMax { break }
    }
    return result.isEmpty ? "localhost" : result
  }
}
