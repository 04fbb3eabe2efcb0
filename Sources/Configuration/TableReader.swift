import Mail
import TOMLKit

/// A key's text within double quotes, for a person.
func quotable(_ text: String) -> String { printable(text.replacing("\"", with: "\\\""), limit: 80) }

/// One table of the file. Keys are asked for, most by their type; what nobody asked for by the end is unknown.
struct TableReader {
  private let table: TOMLTable
  let path: [String]
  let complaints: Complaints
  private var asked: Set<String> = []

  init(_ table: TOMLTable, path: [String], complaints: Complaints) {
    self.table = table
    self.path = path
    self.complaints = complaints
  }

  /// In alphabetic order.
  var keys: [String] { table.keys.sorted() }

  mutating func has(_ key: String) -> Bool { value(key) != nil }

  func complain(_ key: String? = nil, expected: String, found: String? = nil, openSecret: String? = nil) {
    complaints.add(path + (key.map { [$0] } ?? []), expected: expected, found: found, openSecret: openSecret)
  }

  mutating func string(_ key: String) -> String? {
    guard let value = value(key) else { return nil }
    guard let text = value.string else { return wrongType(key, "a string", value) }
    return text
  }

  /// Text that is not empty and fits on a line.
  mutating func line(_ key: String, _ meaning: String) -> String? {
    guard let text = string(key) else { return nil }
    guard !text.isEmpty, !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
      complain(key, expected: meaning, found: text.isEmpty ? "nothing" : "control characters")
      return nil
    }
    return text
  }

  mutating func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
    guard let value = value(key) else { return nil }
    let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
    guard let number = value.int else { return wrongType(key, expected, value) }
    guard range.contains(number) else {
      complain(key, expected: expected, found: "\(number)")
      return nil
    }
    return number
  }

  mutating func boolean(_ key: String) -> Bool? {
    guard let value = value(key) else { return nil }
    return value.bool ?? wrongType(key, "true or false", value)
  }

  /// One of the spellings of an enumeration.
  mutating func choice<Choice>(_ key: String) -> Choice?
  where Choice: CaseIterable & RawRepresentable, Choice.RawValue == String {
    guard let text = string(key) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let choices = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
      complain(key, expected: choices, found: "\"\(quotable(text))\"")
      return nil
    }
    return choice
  }

  mutating func strings(_ key: String) -> [String]? {
    guard let value = value(key) else { return nil }
    guard let array = value.array else { return wrongType(key, "an array of strings", value) }
    return array.enumerated().compactMap { number, element in
      if let text = element.string { return text }
      complaints.add(path + [key, String(number)], expected: "a string", found: Self.kind(element))
      return nil
    }
  }

  /// The tables in the file's order are the caller's to ask for.
  mutating func table(_ key: String) -> TableReader? {
    guard let value = value(key) else { return nil }
    guard let table = value.table else { return wrongType(key, "a table", value) }
    return TableReader(table, path: path + [key], complaints: complaints)
  }

  /// Complains of each key that nobody asked for.
  func finish() {
    let expected = asked.isEmpty ? "no keys here" : "one of " + asked.sorted().joined(separator: ", ")
    for key in table.keys where !asked.contains(key) {
      complain(key, expected: expected, found: "an unknown key")
    }
  }

  private mutating func value(_ key: String) -> (any TOMLValueConvertible)? {
    asked.insert(key)
    return table[key]
  }

  private func wrongType<Value>(_ key: String, _ expected: String, _ value: any TOMLValueConvertible) -> Value? {
    complain(key, expected: expected, found: Self.kind(value))
    return nil
  }

  /// The type alone: the value may be a password with its quotes forgotten.
  private static func kind(_ value: any TOMLValueConvertible) -> String {
    switch value.type {
    case .table: "a table"
    case .array: "an array"
    case .string: "a string"
    case .int: "an integer"
    case .double: "a floating-point number"
    case .bool: "true or false"
    case .date, .time, .dateTime: "a date or time"
    }
  }
}
