import Digests
import Mail
import Maildir
import Ports
import Reactor
import Reconciliation
import Testing

private let message = "From: a\r\nMessage-ID: <1@x>\r\n\r\nlone \r and\r\nend"

@Suite("Delivery into a Maildir")
struct DeliveryTests {
  @Test("a message is stored with LF, its date and its place, and comes back byte for byte")
  func deliverAndReadBack() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      let delivered = try await maildir.deliver(message, date: 1_000_000_000)
      let unique = try #require(delivered.key.fileName)
      #expect(maildir.names("INBOX/new") == [unique])
      #expect(maildir.names("INBOX/tmp").isEmpty)
      #expect(maildir.text("INBOX/new/\(unique)") == "From: a\nMessage-ID: <1@x>\n\nlone \r and\nend")
      #expect(maildir.time("INBOX/new/\(unique)") == 1_000_000_000)
      #expect(try await maildir.read(delivered.key) == message)
      let identified = try await maildir.store.identify([delivered.key], in: .inbox)
      #expect(identified[delivered.key]?.identity == delivered.identity)
      #expect(identified[delivered.key]?.date?.secondsSince1970 == 1_000_000_000)
      #expect(delivered.identity.wireSize == message.utf8.count)
      #expect(delivered.identity.messageID == "<1@x>")
      await maildir.remove()
    }
  }

  @Test(
    "seen mail is in cur, other mail in new, without info where there are no flags",
    arguments: [
      (FlagSet.none, "new", ""), (FlagSet(.seen), "cur", ":2,S"), (FlagSet(.flagged), "new", ":2,F"),
      (FlagSet(.all, keywords: [.forwarded]), "cur", ":2,DFPRST"),
    ])
  func placeByFlags(flags: FlagSet, subdirectory: String, info: String) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      let delivered = try await maildir.deliver("x\r\n", flags: flags)
      #expect(maildir.names("INBOX/\(subdirectory)") == ["\(try #require(delivered.key.fileName))\(info)"])
      #expect(delivered.flags == flags)
      #expect(try await maildir.lookWide().present[delivered.key]?.flags == flags)
      await maildir.remove()
    }
  }

  @Test("keywords get letters, and a 27th stays off the disk without being an error (law L6)")
  func keywordsGetLetters() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      let keywords = try (0..<27).map { try keyword("k\($0 < 10 ? "0" : "")\($0)") }
      let delivered = try await maildir.deliver("x", flags: FlagSet(keywords: keywords))
      #expect(delivered.flags == FlagSet(keywords: keywords.dropLast()))
      #expect(maildir.text("INBOX/dovecot-keywords").hasPrefix("0 k00\n1 k01\n"))
      #expect(maildir.names("INBOX/new").first?.hasSuffix(":2,abcdefghijklmnopqrstuvwxyz") == true)
      #expect(maildir.names(".martlet") == ["marker"])
      await maildir.remove()
    }
  }

  @Test("a content that ends early or fails leaves nothing behind")
  func failedContent() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      let delivery = try await maildir.store.delivery(into: .inbox)
      let letter = Letter(ticket: 1, flags: .none, date: nil, key: nil)
      await #expect(throws: StoreError.self) { try await delivery.add(letter, ShortContent()) }
      #expect(maildir.names("INBOX/tmp").isEmpty)
      try await delivery.add(Letter(ticket: 2, flags: .none, date: nil, key: nil), TextContent("whole"))
      #expect(maildir.names("INBOX/tmp").count == 1)
      #expect(maildir.names("INBOX/new").isEmpty)
      await delivery.abandon()
      #expect(maildir.names("INBOX/tmp").isEmpty)
      #expect(try await delivery.commit().isEmpty)
      await maildir.remove()
    }
  }

  @Test("a reserved name is used, also again after a crash, but never for a second message (law L3)")
  func reservedNames() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      let key = try #require(maildir.store.reserveKeys(1, in: .inbox)?.first)
      let unique = try #require(key.fileName)
      // A delivery died while writing.
      try maildir.write("INBOX/tmp/\(unique)", "half")
      #expect(try await maildir.deliver("whole", key: key).key == key)
      #expect(maildir.text("INBOX/new/\(unique)") == "whole")

      let earlier = MessageKey.file("1.M2P3Q4Rab.host")
      try maildir.write("INBOX/cur/1.M2P3Q4Rab.host:2,RS", "there already")
      await #expect(throws: StoreError.self) { try await maildir.deliver("again", key: earlier) }
      #expect(maildir.names("INBOX/cur") == ["1.M2P3Q4Rab.host:2,RS"])
      #expect(maildir.names("INBOX/tmp").isEmpty)
      await maildir.remove()
    }
  }

  @Test(
    "a name that would leave the folder is refused (law L12)", arguments: ["../x", ".x", "", "a/b", "a:2,S", "a\n"])
  func hostileNames(unique: String) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      await #expect(throws: StoreError.self) { try await maildir.deliver("x", key: .file(unique)) }
      #expect(maildir.names("INBOX") == ["cur", "new", "tmp"])
      await maildir.remove()
    }
  }

  @Test("a batch is stored together, and one name that is taken does not keep the others (law L11)")
  func batch() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.write("INBOX/new/taken", "there already")
      let delivery = try await maildir.store.delivery(into: .inbox)
      for ticket in 0..<40 {
        let key: MessageKey? = ticket == 7 ? .file("taken") : nil
        let letter = Letter(ticket: ticket, flags: .none, date: nil, key: key)
        try await delivery.add(letter, TextContent("message \(ticket)\r\n"))
      }
      let results = try await delivery.commit()
      #expect(results.count == 40)
      for (ticket, result) in results {
        if case .failure(let error) = result { #expect(ticket == 7 && error.scope == .message) }
      }
      #expect(maildir.names("INBOX/new").count == 40)
      #expect(maildir.text("INBOX/new/taken") == "there already")
      #expect(maildir.names("INBOX/tmp").isEmpty)
      await maildir.remove()
    }
  }

  @Test("50 MB go through with little memory, in both directions")
  func largeMessage() async {
    // In a process of its own, whose memory nobody else uses.
    await #expect(processExitsWith: .success) {
      let growth = try await Reactor.onShared { try await growthByLargeMessage() }
      guard growth < 32 << 10 else { fatalError("the process grew by \(growth) KiB") }
    }
  }
}

/// Carries 50 MB into a Maildir and out again; answers by how many KiB the process grew.
@Loop
private func growthByLargeMessage() async throws -> Int {
  let maildir = try await MaildirFixture.make()
  let before = residentKiB()
  let delivery = try await maildir.store.delivery(into: .inbox)
  let source = RepeatedContent(lines: 50_000)
  try await delivery.add(Letter(ticket: 1, flags: .none, date: nil, key: nil), source)
  guard let delivered = try await delivery.commit()[1]?.get() else { fatalError("nothing was delivered") }
  let digester = MessageDigester(of: .wire)
  try await maildir.store.read([delivered.key], in: .inbox) { _, content throws(StoreError) in
    let content = try content.get()
    while let piece = try await content.next() { digester.update(piece) }
  }
  guard digester.finish() == delivered.identity, delivered.identity.wireSize == source.wireSize else {
    fatalError("what came out is not what went in")
  }
  let growth = residentKiB() - before
  await maildir.remove()
  return growth
}

@Loop
private final class ShortContent: MessageContent {
  let wireSize = 10
  let date: InternalDate? = nil
  private var isRead = false

  func next() async throws(StoreError) -> [UInt8]? {
    defer { isRead = true }
    return isRead ? nil : Array("short".utf8)
  }
}

@Loop
private final class RepeatedContent: MessageContent {
  private static let line = Array((String(repeating: "x", count: 998) + "\r\n").utf8)
  let wireSize: Int
  let date: InternalDate? = nil
  private var left: Int
  private let piece: [UInt8]

  init(lines: Int) {
    wireSize = lines * Self.line.count
    left = lines
    var piece: [UInt8] = []
    for _ in 0..<50 { piece += Self.line }
    self.piece = piece
  }

  /// `lines` is a multiple of 50.
  func next() async throws(StoreError) -> [UInt8]? {
    guard left > 0 else { return nil }
    left -= 50
    return piece
  }
}
