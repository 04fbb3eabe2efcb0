/// Text from a server or a file name, made fit for a terminal, a log or JSON (law L12).
///
/// Control characters (C0, DEL, C1), bidirectional controls and line separators become `\u{…}`; the rest stays. Cut
/// at `limit` characters with an ellipsis.
package func printable(_ text: some StringProtocol, limit: Int = 400) -> String {
  var result = ""
  var count = 0
  for scalar in text.unicodeScalars {
    if count == limit { return result + "…" }
    count += 1
    if isUnsafe(scalar) {
      result += "\\u{\(String(scalar.value, radix: 16))}"
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// What moves a terminal, turns the direction of writing, or cannot be seen, so that two names would look alike.
private func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator: true
  default: false
  }
}
