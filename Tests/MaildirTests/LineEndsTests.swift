import Digests
import Maildir
import Testing

/// All texts of at most `length` letters from `letters`.
private func texts(of letters: [UInt8], upTo length: Int) -> [[UInt8]] {
  var all: [[UInt8]] = [[]]
  var last = all
  for _ in 0..<length {
    last = last.flatMap { text in letters.map { text + [$0] } }
    all += last
  }
  return all
}

private func toFile(_ wire: [UInt8], splitAt: Int) -> [UInt8] {
  var converter = LineEnds.ToFile()
  return converter.convert(Array(wire[..<splitAt])) + converter.convert(Array(wire[splitAt...])) + converter.finish()
}

private func sent(_ file: [UInt8]) -> [UInt8] {
  var lines = LineCount()
  lines.count(file)
  let wire = lines.isWireForm ? file : LineEnds.toWire(file)
  #expect(wire.count == lines.wireSize)
  return wire
}

@Suite("Line ends")
struct LineEndsTests {
  @Test("a message that came with CRLF goes back byte for byte, lone CRs and all")
  func roundTripIsExact() {
    var count = 0
    for wire in texts(of: [0x0D, 0x0A, 0x61], upTo: 8) {
      let lines = wire.indices.filter { wire[$0] == 0x0A }
      guard lines.allSatisfy({ $0 > 0 && wire[$0 - 1] == 0x0D }) else { continue }
      // Where every line ends in CR CR LF its file looks as if it had come with CRLF; no one writes such mail.
      if !lines.isEmpty, lines.allSatisfy({ $0 > 1 && wire[$0 - 2] == 0x0D }) { continue }
      let file = toFile(wire, splitAt: 0)
      #expect(sent(file) == wire)
      for split in wire.indices { #expect(toFile(wire, splitAt: split) == file) }
      count += 1
    }
    #expect(count > 500)
  }

  @Test("a file keeps its bytes when it is fetched again as it was sent")
  func fileComesBack() {
    for file in texts(of: [0x0D, 0x0A, 0x61], upTo: 7) {
      let back = toFile(sent(file), splitAt: 0)
      let lines = file.indices.filter { file[$0] == 0x0A }
      if !lines.isEmpty, lines.allSatisfy({ $0 > 1 && file[$0 - 1] == 0x0D && file[$0 - 2] == 0x0D }) { continue }
      #expect(sent(back) == sent(file))
    }
  }
}
