import Control
import Testing

@Suite("The control socket's lines")
struct ControlWireTests {
  @Test(
    "carry each request whole, on one line",
    arguments: [ControlRequest.sync(Sample.syncRequest), .status, .watch])
  func requests(request: ControlRequest) throws {
    let line = try ControlWire.line(request)
    #expect(line.last == UInt8(ascii: "\n"))
    #expect(line.filter { $0 == UInt8(ascii: "\n") }.count == 1)
    #expect(try ControlWire.value(ControlRequest.self, from: line.dropLast()) == request)
  }

  @Test(
    "carry each reply whole, on one line",
    arguments: [
      ControlReply.status(Sample.status), .progress(Sample.progress), .report(Sample.report()),
      .refused(Refusal(exitCode: 64, text: "no such account")),
    ])
  func replies(reply: ControlReply) throws {
    let line = try ControlWire.line(reply)
    #expect(line.filter { $0 == UInt8(ascii: "\n") }.count == 1)
    #expect(try ControlWire.value(ControlReply.self, from: line.dropLast()) == reply)
  }

  @Test("read as documented")
  func form() throws {
    #expect(try text(ControlRequest.status) == #"{"status":{},"version":1}"# + "\n")
    #expect(
      try text(ControlRequest.sync(Sample.syncRequest)) == #"""
        {"sync":{"accounts":[{"folders":["INBOX","a\nb"],"name":"work"},{"name":"home"}],\#
        "allow_deletions":true,"dry_run":false},"version":1}

        """#)
    #expect(
      try text(ControlReply.progress(Sample.progress)) == #"""
        {"progress":{"account":"work","bytes_done":5,"bytes_total":6,"folder":"Lists/ž","folders_done":1,\#
        "folders_total":2,"messages_done":3,"messages_total":4}}

        """#)
  }

  @Test("may have keys that this version does not know")
  func unknownKeys() throws {
    let line = Array(#"{"version":1,"status":{"deep":[1,{}]},"colour":"blue"}"#.utf8)
    #expect(try ControlWire.value(ControlRequest.self, from: line) == .status)
  }

  @Test(
    "are refused where they are something else",
    arguments: ["", "GET / HTTP/1.1", "{}", #"{"version":1}"#, #"{"version":2,"status":{}}"#, #"{"version":1,"x":1}"#])
  func garbage(line: String) {
    #expect(throws: ControlError.self) { try ControlWire.value(ControlRequest.self, from: Array(line.utf8)) }
  }

  @Test("list twenty of the messages set aside, and count all")
  func setAsideIsBounded() {
    let entry = SetAsideStatus(side: .local, message: "m", reason: "r", attempts: 1, retryAt: "t")
    let folder = FolderStatus(
      name: "A", localName: "A", messages: 0, setAside: Array(repeating: entry, count: 1_000))
    #expect(folder.setAside.count == FolderStatus.setAsideListMax)
    #expect(folder.setAsideCount == 1_000)
  }

  private func text(_ value: some Encodable) throws -> String {
    String(decoding: try ControlWire.line(value), as: UTF8.self)
  }
}
