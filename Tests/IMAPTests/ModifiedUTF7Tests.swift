import IMAP
import Support
import Testing

@Suite("Modified UTF-7")
struct ModifiedUTF7Tests {
  @Test(
    "text and octets say the same, both ways",
    arguments: [
      ("", ""), ("INBOX", "INBOX"), ("R&D", "R&-D"), ("&", "&-"), ("&&", "&-&-"), ("Entwürfe", "Entw&APw-rfe"),
      ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"), ("ä&ö", "&AOQ-&-&APY-"), ("😀", "&2D3eAA-"),
      ("a😀ü", "a&2D3eAAD8-"), ("\u{7F}", "&AH8-"), ("\t", "&AAk-"), ("Спам", "&BCEEPwQwBDw-"), ("ü-", "&APw--"),
      ("-&-", "-&--"), ("\u{FFFF}", "&,,8-"),
    ])
  func bothWays(_ text: String, _ octets: String) {
    #expect(ModifiedUTF7.encode(text) == Array(octets.utf8))
    #expect(ModifiedUTF7.decode(Array(octets.utf8)) == text)
  }

  @Test(
    "what would not have been written is not read",
    arguments: [
      "&", "a&b", "&APw", "&APw!-", "&AP-", "&A-", "&AAA-&AAA-", "&U,BTFw-&ZeVnLIqe-", "&AGE-", "&ACY-", "&APx-",
      "&2D0-", "&3gA-", "&APw=-", "&AP/8-", "Entwürfe", "a\u{7F}", "a\tb", "a\r\nb", "&APwA-", "&AHgAeA-",
    ])
  func refused(_ octets: String) { #expect(ModifiedUTF7.decode(Array(octets.utf8)) == nil) }

  @Test("whatever is written is read again", arguments: 1...50)
  func inverse(_ seed: UInt64) {
    var random = Dice(seed: seed)
    let scalars = (0..<40).map { _ in
      Unicode.Scalar(UInt32.random(in: 0...(Bool.random(using: &random) ? 0xFF : 0x1_0FFF), using: &random)) ?? "&"
    }
    let text = String(String.UnicodeScalarView(scalars))
    let read = ModifiedUTF7.decode(ModifiedUTF7.encode(text))
    #expect(read?.unicodeScalars.elementsEqual(scalars) == true)
  }

  @Test("whatever is read would have been written so", arguments: 1...200)
  func canonical(_ seed: UInt64) {
    var random = Dice(seed: seed)
    let alphabet = Array("&&&--AAPwQ4g,+/a \u{80}".utf8)
    for _ in 0..<100 {
      let octets = (0..<Int.random(in: 0...9, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
      if let text = ModifiedUTF7.decode(octets) { #expect(ModifiedUTF7.encode(text) == octets) }
    }
  }
}
