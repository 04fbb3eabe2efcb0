import Foundation

/// What the demo prints: facts, headings and the aligned table of steps. Colours only on a terminal that wants them.
struct Screen: Sendable {
  private enum Style: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
  }

  private static let titleWidth = 50
  private static let directionWidth = 18
  private static let resultWidth = 9
  private static let factWidth = 16
  private static let textWidth = 96

  private let isColoured: Bool
  /// True where a person sits before it.
  let isAttended: Bool

  init() {
    let environment = ProcessInfo.processInfo.environment
    isAttended = isatty(STDOUT_FILENO) == 1 && isatty(STDIN_FILENO) == 1
    isColoured =
      isatty(STDOUT_FILENO) == 1 && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
  }

  func heading(_ text: String) { print("\n" + styled(text, .bold)) }

  func fact(_ name: String, _ text: String) {
    print("  " + styled(padded(name, to: Self.factWidth), .dim) + text)
  }

  /// Lines as they are, below a fact.
  func quote(_ text: String) {
    for line in text.split(separator: "\n") { print("      " + styled(String(line), .dim)) }
  }

  /// A paragraph, wrapped.
  func note(_ text: String) {
    print("")
    for line in Self.wrapped(text, Self.textWidth) { print(styled(line, .dim)) }
  }

  func success(_ text: String) { print(styled(text, .green)) }

  func failure(_ text: String) {
    for line in text.split(separator: "\n") { print("    " + styled(String(line), .red)) }
  }

  func lines(of title: String, _ text: String) {
    heading(title)
    print(text)
  }

  /// Says why nothing could be done.
  func complain(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

  // MARK: The table

  /// The row of a step, before its outcome is known.
  func begin(_ row: Step.Row) {
    print(
      "  " + padded(row.title, to: Self.titleWidth)
        + styled(padded(row.direction.rawValue, to: Self.directionWidth), .dim), end: "")
  }

  func end(_ outcome: Step.Outcome) {
    switch outcome {
    case .success(let reading):
      print(
        styled(leftPadded(Self.milliseconds(reading.duration), to: Self.resultWidth), .green)
          + (reading.remark.map { styled("  " + $0, .dim) } ?? ""))
    case .failure(let error):
      print(styled(leftPadded("failed", to: Self.resultWidth), .red))
      for line in Self.wrapped("\(error)", Self.textWidth) { failure(line) }
    }
  }

  static func milliseconds(_ duration: Duration) -> String {
    grouped(Int((duration / .milliseconds(1)).rounded())) + " ms"
  }

  static func megabytes(_ count: Int) -> String { "\((count + 500_000) / 1_000_000) MB" }

  /// With a comma between thousands.
  static func grouped(_ number: Int) -> String {
    let digits = Array(String(number))
    return digits.indices.reduce(into: "") { text, index in
      if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
      text.append(digits[index])
    }
  }

  // MARK: Text

  private func print(_ text: String, end: String = "\n") {
    // A reader that went away ends us by SIGPIPE, as it does any program.
    FileHandle.standardOutput.write(Data((text + end).utf8))
  }

  private func styled(_ text: String, _ style: Style) -> String {
    isColoured ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }

  private func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - Self.columns(of: text)))
  }

  private func leftPadded(_ text: String, to width: Int) -> String {
    String(repeating: " ", count: max(0, width - Self.columns(of: text))) + text
  }

  /// How wide a terminal shows the text: two columns for the letters of East Asia that the sample folders have.
  private static func columns(of text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + ((0x2E80...0xFFEF).contains($1.value) ? 2 : 1) }
  }

  private static func wrapped(_ text: String, _ width: Int) -> [String] {
    var lines: [String] = []
    for paragraph in text.split(separator: "\n") {
      var line = ""
      for word in paragraph.split(separator: " ") {
        if !line.isEmpty, line.count + word.count >= width {
          lines.append(line)
          line = ""
        }
        line += (line.isEmpty ? "" : " ") + word
      }
      lines.append(line)
    }
    return lines
  }
}
