import Mail
import Testing

@Suite("Text from outside, on its way to a person (L12)")
struct PeerTextTests {
  @Test(
    "what could steer a terminal or mislead a reader is spelled out",
    arguments: [
      ("plain", "plain"), ("Entwürfe 日本 😀", "Entwürfe 日本 😀"), ("\u{1B}[31m", "\\u{1b}[31m"),
      ("a\r\nb", "a\\u{d}\\u{a}b"),
      ("\0", "\\u{0}"), ("\u{7F}\u{9B}", "\\u{7f}\\u{9b}"), ("a\u{202E}b", "a\\u{202e}b"),
      ("\u{2066}\u{2069}", "\\u{2066}\\u{2069}"),
      ("\u{2028}", "\\u{2028}"), ("\u{FEFF}", "\\u{feff}"), ("\u{200F}\u{61C}", "\\u{200f}\\u{61c}"),
      ("a\u{200B}b\u{AD}", "a\\u{200b}b\\u{ad}"), ("\u{E0041}", "\\u{e0041}"), ("❤\u{FE0F}", "❤\u{FE0F}"),
      ("e\u{301}", "e\u{301}"),
    ])
  func unsafe(text: String, shown: String) {
    #expect(printable(text) == shown)
  }

  @Test("every control character is spelled out, and nothing is left of it")
  func controls() {
    for value in Array(0...0x1F) + Array(0x7F...0x9F) as [UInt32] {
      guard let scalar = Unicode.Scalar(value) else { continue }
      #expect(printable(String(Character(scalar))).utf8.allSatisfy { (0x20...0x7E).contains($0) })
    }
  }

  @Test("long text is cut")
  func long() {
    #expect(printable("abcdef", limit: 3) == "abc…")
    #expect(printable("abc", limit: 3) == "abc")
    #expect(printable(String(repeating: "\0", count: 100_000)).utf8.count < 3000)
  }

  @Test("a message's key is shown safely")
  func keys() {
    #expect(MessageKey.uid(7).description == "UID 7")
    #expect(MessageKey.file("a\u{1B}b").description == "a\\u{1b}b")
    #expect(MessageKey.uid(7).uid == 7 && MessageKey.uid(7).fileName == nil)
    #expect(MessageKey.file("7").fileName == "7" && MessageKey.file("7").uid == nil)
    let ascending: [MessageKey] = [.uid(2), .uid(10), .file("1"), .file("a")]
    #expect(ascending.reversed().sorted() == ascending)
  }
}
