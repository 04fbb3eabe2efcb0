import IMAP
import Testing

/// A conversation written down: what the caller and the server do, and all that the session does in between.
///
///     # why             a comment
///     @ 1 select INBOX  the caller submits command 1; also `uploaded 1`, `secured`, `end idle`, `closed`
///     S: * 3 EXISTS     the server's line, CRLF added; `S|` adds none and knows \r \n \0 \\ and \xHH
///     C: m1 NOOP        the session's line, CRLF added; `C|` likewise
///     > * 3 EXISTS      the session's other effects, as they describe themselves; a body's octets as `> body "…"`
///
/// Every effect is to be written down, and in order.
struct Transcript: Sendable, CustomTestStringConvertible {
  enum Stimulus: Sendable { case caller(String), server([UInt8]) }

  struct Step: Sendable {
    var line: Int
    var stimulus: Stimulus
    var expected: [Expected] = []
  }

  enum Expected: Equatable, Sendable, CustomStringConvertible {
    case octets([UInt8])
    case body([UInt8])
    case effect(String)

    var description: String {
      switch self {
      case .octets(let octets): "C: \(String(decoding: octets, as: UTF8.self).debugDescription)"
      case .body(let octets): "> body \(String(decoding: octets, as: UTF8.self).debugDescription)"
      case .effect(let text): "> \(text)"
      }
    }
  }

  let name: String
  private(set) var steps: [Step] = []

  var testDescription: String { name }

  init(name: String, text: String) throws {
    self.name = name
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      try read(line, number: number + 1)
    }
  }

  struct Unreadable: Error, CustomStringConvertible { let description: String }

  private mutating func read(_ line: Substring, number: Int) throws {
    if line.isEmpty || line.hasPrefix("#") { return }
    let rest = line.dropFirst(2)
    let text = rest.hasPrefix(" ") ? rest.dropFirst() : rest
    switch line.prefix(2) {
    case "@ ": steps.append(Step(line: number, stimulus: .caller(String(rest))))
    case "S:": append(server: Array(text.utf8) + [13, 10], number: number)
    case "S|": append(server: unescaped(text), number: number)
    case "C:": try expect(.octets(Array(text.utf8) + [13, 10]), number: number)
    case "C|": try expect(.octets(unescaped(text)), number: number)
    case "> " where rest.hasPrefix("body \""):
      try expect(.body(unescaped(rest.dropFirst(6).dropLast())), number: number)
    case "> ": try expect(.effect(String(rest)), number: number)
    default: throw Unreadable(description: "\(name):\(number): what is this line?")
    }
  }

  private mutating func append(server octets: [UInt8], number: Int) {
    if let last = steps.last, case .server(let before) = last.stimulus, last.expected.isEmpty {
      steps[steps.count - 1].stimulus = .server(before + octets)
    } else {
      steps.append(Step(line: number, stimulus: .server(octets)))
    }
  }

  private mutating func expect(_ expected: Expected, number: Int) throws {
    guard !steps.isEmpty else { throw Unreadable(description: "\(name):\(number): nothing has happened yet") }
    steps[steps.count - 1].expected.appendMerging(expected)
  }

  private func unescaped(_ text: Substring) -> [UInt8] {
    var octets: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let octet = rest.popFirst() {
      guard octet == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
        octets.append(octet)
        continue
      }
      switch escape {
      case UInt8(ascii: "r"): octets.append(13)
      case UInt8(ascii: "n"): octets.append(10)
      case UInt8(ascii: "0"): octets.append(0)
      case UInt8(ascii: "x"):
        octets.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
        rest = rest.dropFirst(2)
      default: octets.append(escape)
      }
    }
    return octets
  }
}

extension Array where Element == Transcript.Expected {
  /// Neighbouring octets are one: how they are cut is nobody's promise.
  mutating func appendMerging(_ next: Transcript.Expected) {
    switch (last, next) {
    case (.octets(let before), .octets(let after)): self[count - 1] = .octets(before + after)
    case (.body(let before), .body(let after)): self[count - 1] = .body(before + after)
    default: append(next)
    }
  }

  init(_ effects: [SessionEffect]) {
    self.init()
    for effect in effects {
      switch effect {
      case .write(let octets): appendMerging(.octets(octets))
      case .body(let octets): appendMerging(.body(octets))
      default: appendMerging(.effect(effect.description))
      }
    }
  }
}
