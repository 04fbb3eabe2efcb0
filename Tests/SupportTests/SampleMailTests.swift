import Mail
import Support
import Testing

@Suite struct SampleMailTests {
  @Test("the same seed and number give the same message, another number another")
  func deterministic() {
    for number in 0..<200 {
      let mail = SampleMail(seed: 7, number: number)
      #expect(mail.bytes == SampleMail(seed: 7, number: number).bytes)
      #expect(mail.flags == SampleMail(seed: 7, number: number).flags)
    }
    #expect(Set((0..<200).map { SampleMail(seed: 7, number: $0).bytes }).count == 200)
    #expect(SampleMail(seed: 7, number: 1).bytes != SampleMail(seed: 8, number: 1).bytes)
  }

  /// Pinned, so that figures measured with a corpus stay comparable.
  @Test("the corpus of seed 1 is what it always was")
  func pinned() {
    var sum: UInt64 = 0xCBF2_9CE4_8422_2325
    for mail in (0..<100).map({ SampleMail(number: $0) }) {
      for byte in mail.bytes { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
    #expect(sum == 9_104_214_591_678_561_397)
  }

  @Test(
    "every message has CRLF line ends only, lines of at most 998 bytes, and a Message-ID",
    arguments: SampleMail.Kind.allCases)
  func wellFormed(kind: SampleMail.Kind) {
    for number in 0..<20 {
      let mail = SampleMail(number: number, kind: kind)
      let bytes = mail.bytes
      #expect(bytes.lineFeedForm.wireForm == bytes)
      #expect(bytes.suffix(2) == [0x0D, 0x0A])
      #expect(bytes.lineFeedForm.split(separator: 0x0A).allSatisfy { $0.count <= 998 && !$0.contains(0x0D) })
      #expect(String(decoding: bytes, as: UTF8.self).contains("Message-ID: \(mail.messageID)\r\n"))
    }
  }

  @Test("a wished size is nearly met", arguments: [1_000, 100_000, 3_000_000])
  func size(wished: Int) {
    for kind in SampleMail.Kind.allCases {
      let count = SampleMail(number: 3, kind: kind, size: wished).bytes.count
      #expect((wished - 400...wished + 2_200).contains(count), "\(kind) of \(wished) has \(count)")
    }
  }

  @Test("a corpus spreads its messages evenly over folders of distinct names")
  func corpus() {
    let folders = SampleMail.folders(7)
    let corpus = SampleMail.corpus(count: 70, folders: folders)
    #expect(Set(folders).count == 7)
    for folder in folders { #expect(corpus.count { $0.folder == folder } == 10) }
  }
}
