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

private func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
  default: false
  }
}
