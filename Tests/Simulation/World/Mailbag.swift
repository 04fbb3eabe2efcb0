package import Mail
import Ports
package import Support

/// Every message that ever existed in a world, known by its bytes: whatever a program did to line ends and to the four
/// header lines that mail readers add, it is the same message; and what is none of them was torn.
package struct Mailbag {
  /// A message's number in its world.
  package typealias Number = Int

  private var canonical: [[UInt8]] = []
  private var numbers: [[UInt8]: Number] = [:]
  /// By bytes as they were met, so that each form is brought into its canonical one once.
  private var known: [[UInt8]: Number?] = [:]
  private var fields: [(messageID: String, subject: String)] = []
  private var twins: Set<Number> = []
  private var edits: [[UInt8]: LoopInstant] = [:]

  package init() {}

  package var count: Int { canonical.count }

  /// Nil where no such message was ever made.
  package mutating func number(of bytes: [UInt8]) -> Number? {
    if let known = known[bytes] { return known }
    let number = numbers[Self.canonical(bytes)]
    known[bytes] = .some(number)
    return number
  }

  /// Its date where that is its own. Two of one name and size are never of one second here: nothing but their content
  /// could tell them apart then, which martlet does not read in vain (decision 0002).
  package func date(of number: Number) -> InternalDate? {
    twins.contains(number) ? InternalDate(secondsSince1970: 1_500_000_000 + Int64(number)) : nil
  }

  /// The message as a Maildir holds it, with LF.
  package func text(of number: Number) -> [UInt8] { canonical[number] }

  /// The message as a server holds it, with CRLF.
  package func wire(of number: Number) -> [UInt8] {
    canonical[number].flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
  }

  /// Others may bear it, too.
  package func messageID(of number: Number) -> String? {
    let name = fields[number].messageID
    return name.isEmpty ? nil : name
  }

  /// The message as neomutt saves it: with header lines of its own.
  package func saved(_ number: Number) -> [UInt8] {
    let text = canonical[number]
    guard let end = text.indices.first(where: { text[$0] == 0x0A && ($0 == 0 || text[$0 - 1] == 0x0A) }) else {
      return Array("Status: RO\n".utf8) + text
    }
    return text[..<end] + Array("Status: RO\nContent-Length: \(text.count - end - 1)\nLines: 3\n".utf8) + text[end...]
  }

  /// Takes bytes that somebody's failing program left for a message.
  package mutating func adopt(_ bytes: [UInt8]) -> Number { insert(Self.canonical(bytes), ("", "")) }

  /// Takes bytes that a disk left of a message for the message itself.
  package mutating func adopt(_ bytes: [UInt8], as number: Number) {
    numbers[Self.canonical(bytes)] = number
    known = known.filter { $0.value != nil }
  }

  /// What a person makes of it, as its file holds it: the same message, in other words.
  mutating func edit(_ number: Number, at now: LoopInstant, _ dice: inout Dice) -> [UInt8] {
    let text = canonical[number] + Array("\nP.S. \(dice.next())\n".utf8)
    numbers[text] = number
    edits[text] = now
    return text
  }

  /// When a person made this of a message; nil for one as it was first written.
  func edited(_ bytes: [UInt8]) -> LoopInstant? { edits.isEmpty ? nil : edits[Self.canonical(bytes)] }

  func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool { Self.canonical(one) == Self.canonical(other) }

  /// Writes a new message of one of many kinds.
  package mutating func write(_ dice: inout Dice) -> Number {
    let number = canonical.count
    var messageID = "<m\(number)@example.org>"
    var subject = "Letter \(number)"
    if number > 0, dice.happens(8) {
      // Another message of the same name and size.
      (messageID, _) = fields[dice.below(number)]
      twins.insert(number)
      subject = "Letter \(String(repeating: "0", count: max(0, 4 - "\(number)".count)))\(number)"
    }
    var lines = ["Date: Fri, 1 Nov 2024 10:00:00 +0000", "From: a@example.org", "Subject: \(subject)"]
    if !dice.happens(15) { lines.append("Message-ID: \(messageID)") } else { messageID = "" }
    lines += ["X-Number: \(Self.padded(number))", ""]
    switch dice.below(12) {
    case 0: break
    case 1: lines.append("Grüße aus Köln.")
    case 2: lines.append(String(repeating: "long ", count: 300))
    case 3:
      for line in 0..<(40 + dice.below(120)) { lines.append("Line \(line) of letter \(number), with some words.") }
    case 4: lines += ["From the beginning.", "..", ".", "Content-Length: 7"]
    default: lines.append("Body \(Self.padded(number)).")
    }
    var text = lines.joined(separator: "\n")
    if !dice.happens(10) { text += "\n" }
    return insert(Array(text.utf8), (messageID, subject))
  }

  private mutating func insert(_ bytes: [UInt8], _ field: (String, String)) -> Number {
    if let number = numbers[bytes] { return number }
    canonical.append(bytes)
    fields.append(field)
    numbers[bytes] = canonical.count - 1
    known = known.filter { $0.value != nil }
    return canonical.count - 1
  }

  private static func padded(_ number: Int) -> String {
    String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)"
  }

  // MARK: What makes two the same

  private static let addedFields = ["content-length", "lines", "status", "x-status"].map { Array($0.utf8) }

  /// LF, without the header lines that mail readers add, and without zeros.
  static func canonical(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var isHeader = true
    var isDropping = false
    for line in lines(of: bytes) {
      if isHeader {
        if line.isEmpty || line.elementsEqual([0x0A]) {
          isHeader = false
        } else if line.first != 0x20, line.first != 0x09 {
          isDropping = isAdded(line)
        }
        if isHeader, isDropping { continue }
      }
      result += line
    }
    // As servers store what they cannot: a power cut leaves zeros in files that nobody synced.
    return result.contains(0) ? result.map { $0 == 0 ? 0x80 : $0 } : result
  }

  private static func lines(of bytes: [UInt8]) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var line: [UInt8] = []
    for byte in bytes {
      if byte == 0x0A {
        if line.last == 0x0D { line.removeLast() }
        line.append(byte)
        lines.append(line)
        line = []
      } else {
        line.append(byte)
      }
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }

  private static func isAdded(_ line: [UInt8]) -> Bool {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return false }
    let name = line[..<colon].map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
    return addedFields.contains(name)
  }
}
