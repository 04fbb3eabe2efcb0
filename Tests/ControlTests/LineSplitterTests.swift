import Control
import Testing

@Suite("Cutting the control socket's bytes into lines")
struct LineSplitterTests {
  @Test("does not depend on how the bytes come", arguments: [1, 2, 3, 7, 100])
  func pieces(size: Int) throws {
    let bytes = Array("one\n\nthree\nfo".utf8)
    var splitter = LineSplitter(limit: 10)
    var lines: [String] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      splitter.append(Array(bytes[start..<min(start + size, bytes.count)]))
      while let line = try splitter.next() { lines.append(String(decoding: line, as: UTF8.self)) }
    }
    #expect(lines == ["one", "", "three"])
  }

  @Test("takes a line of just the limit, and none beyond it", arguments: [true, false])
  func limit(endComes: Bool) throws {
    var fitting = LineSplitter(limit: 4)
    fitting.append(Array("abcd\n".utf8))
    #expect(try fitting.next() == Array("abcd".utf8))

    var long = LineSplitter(limit: 4)
    long.append(Array(endComes ? "abcde\n".utf8 : "abcde".utf8))
    #expect(throws: ControlError.self) { try long.next() }
  }
}
