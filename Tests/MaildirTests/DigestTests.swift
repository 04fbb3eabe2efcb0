import Digests
import Mail
import Testing

private func identity(_ text: String, of source: MessageDigester.Source = .file, pieces: Int = .max) -> MessageIdentity
{
  let bytes = Array(text.utf8)
  let digester = MessageDigester(of: source)
  var index = 0
  while index < bytes.count {
    let end = index + min(pieces, bytes.count - index)
    digester.update(Array(bytes[index..<end]))
    index = end
  }
  return digester.finish()
}

private let plain = "From: a\nMessage-ID: <1@x>\nSubject: s\n\nbody\n\nend\n"

@Suite("Digests")
struct DigestTests {
  @Test(
    "the digest is SHA-256 of the canonical form",
    arguments: [
      ("a: b\n\nx\n", "bce049c1b128be4f6c07129cb6a175812452ecf6704dc562d51a1b87a9fe02ff"),
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ])
  func digestIsSHA256(text: String, hex: String) {
    #expect(identity(text).digest.description == hex)
  }

  @Test(
    "a copy that differs in line ends or in a mail reader's own fields is the same message",
    arguments: [
      plain.replacing("\n", with: "\r\n"),
      plain.replacing("\n", with: "\r\r\n"),
      plain + "\r\r",
      "Content-Length: 12\n" + plain,
      plain.replacing("\n\nbody", with: "\nStatus: RO\n\nbody"),
      plain.replacing("\n\nbody", with: "\nX-STATUS: A\nlines : 3\n\nbody"),
      plain.replacing("Subject", with: "content-length: 1\n 2\n\t3\nSubject"),
    ])
  func sameMessage(copy: String) {
    #expect(identity(copy).digest == identity(plain).digest)
    #expect(identity(copy).messageID == "<1@x>")
  }

  @Test(
    "whatever else differs is another message",
    arguments: [
      plain.replacing("body", with: "bo\rdy"),
      plain.replacing("body", with: "Status: RO"),
      plain.replacing("end\n", with: "end"),
      plain.replacing("Subject", with: "X-Content-Length: 3\nSubject"),
      plain.replacing("Subject", with: "Statu: x\nSubject"),
      plain.replacing("\n\nbody", with: "\n\nStatus: RO\nbody"),
    ])
  func otherMessage(other: String) {
    #expect(identity(other).digest != identity(plain).digest)
  }

  @Test("what a server stores in the place of a NUL is the same message (L3)")
  func nul() {
    func digest(_ byte: UInt8) -> MessageDigest {
      let digester = MessageDigester(of: .wire)
      digester.update(Array("Subject: x\r\n\r\na".utf8) + [byte])
      return digester.finish().digest
    }
    #expect(digest(0) == digest(0x80))
    #expect(digest(0) != digest(0x81))
  }

  @Test(
    "how the bytes are split does not matter",
    arguments: [
      plain, plain.replacing("\n", with: "\r\n"), "Status: x\r\n y\r\nA: b\r\r\r\n\r\nlone \r here\r\r",
      "Content-Length: 3", "no header at all", "\r\n\r\n", "\n", "Lines",
      "A-very-long-field-name-that-goes-on-and-on: 1\n\n",
    ])
  func splitDoesNotMatter(text: String) {
    for source in [MessageDigester.Source.wire, .file] {
      let whole = identity(text, of: source)
      for pieces in 1...max(1, text.utf8.count) { #expect(identity(text, of: source, pieces: pieces) == whole) }
    }
  }

  @Test(
    "the Message-ID is the first field's value without folds and blanks",
    arguments: [
      ("Message-Id: <a@b>\nMessage-ID: <c@d>\n\n", "<a@b>"),
      ("message-id:\n <a@\n\tb>\n\n", "<a@b>"),
      ("Message-ID : <a b>\r\n\r\n", "<ab>"),
      ("Message-ID: <\u{1B}[31ma\u{e9}>\n\n", "<[31ma>"),
      ("Subject: x\n\nMessage-ID: <a@b>\n", nil),
      ("Message-ID: \nMessage-ID: <late@b>\n\n", nil),
      ("Message-ID:<" + String(repeating: "x", count: 600) + ">\n\n", "<" + String(repeating: "x", count: 511)),
    ] as [(String, String?)])
  func messageID(text: String, expected: String?) {
    #expect(identity(text).messageID == expected)
  }

  @Test(
    "the wire size is what arrived, or what would be sent",
    arguments: [
      ("a\nb\n", 4, 6), ("a\r\nb\r\n", 6, 6), ("a\r\nb\n", 5, 7), ("a", 1, 1), ("", 0, 0), ("\r", 1, 1),
      ("a\r\n\rb", 5, 5),
    ])
  func wireSize(text: String, received: Int, sent: Int) {
    #expect(identity(text, of: .wire).wireSize == received)
    for pieces in [1, 2, 3, .max] { #expect(identity(text, of: .file, pieces: pieces).wireSize == sent) }
  }
}
