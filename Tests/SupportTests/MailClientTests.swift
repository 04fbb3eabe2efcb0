import Mail
import Support
import Testing

@Suite struct MailClientTests {
  private let work = FlagSet(keywords: [Keyword("Work")].compactMap(\.self))

  @Test("a message comes back byte for byte, with its flags and its date")
  func roundTrip() async throws {
    try await DovecotServer.running { dovecot in
      let client = try await dovecot.client("anna")
      // Every byte but NUL, and CR and LF only together.
      let bytes =
        Array("Subject: t\r\n\r\n".utf8) + (1...255).filter { $0 != 10 && $0 != 13 }.map(UInt8.init) + [13, 10]
      let date = InternalDate(secondsSince1970: 1_000_000_000)
      let flags = FlagSet([.seen, .flagged], keywords: [try #require(Keyword("Work"))])
      let uid = try await client.append(bytes, flags: flags, date: date)
      let message = try #require(try await client.messages().first)
      #expect(message.uid == uid)
      #expect(message.bytes == bytes)
      #expect(message.flags == flags)
      #expect(message.internalDate == date)
    }
  }

  @Test("many messages go in by few commands and come out the same")
  func corpus() async throws {
    try await DovecotServer.running { dovecot in
      let client = try await dovecot.client("anna")
      let mails = (0..<150).map { SampleMail(number: $0) }
      try await client.append(contentsOf: mails.map(\.draft))
      let messages = try await client.messages()
      #expect(messages.map(\.bytes) == mails.map(\.bytes))
      #expect(messages.map(\.flags) == mails.map(\.flags))
      #expect(messages.map(\.internalDate) == mails.map(\.date))
    }
  }

  @Test("flags are added, removed and replaced; messages are expunged, copied and moved")
  func changes() async throws {
    try await DovecotServer.running { dovecot in
      let client = try await dovecot.client("anna")
      let target = try #require(FolderName("Entwürfe/A & B"))
      try await client.create(target)
      try await client.append(contentsOf: (0..<4).map { MailClient.Draft(SampleMail(number: $0).bytes) })
      try await client.store(.add, FlagSet(.seen), on: [1, 2])
      try await client.store(.add, work, on: [2])
      try await client.store(.remove, FlagSet(.seen), on: [1])
      try await client.store(.replace, FlagSet(.draft), on: [3])
      #expect(
        try await client.flags() == [1: .none, 2: FlagSet(.seen).union(work), 3: FlagSet(.draft), 4: .none])
      try await client.expunge([1])
      try await client.copy([2], to: target)
      try await client.move([3], to: target)
      #expect(try await client.messages().map(\.uid) == [2, 4])
      #expect(try await client.messages(in: target).map(\.bytes) == [1, 2].map { SampleMail(number: $0).bytes })
    }
  }

  @Test("folders are made, listed, renamed and deleted, whatever their name")
  func folders() async throws {
    try await DovecotServer.running { dovecot in
      let client = try await dovecot.client("anna")
      let names = ["日本語", "A & B", "quoted \"x\"", "back\\slash", "Lists/swift/dev", "😀"]
      let folders = try names.map { try #require(FolderName($0)) }
      for folder in folders { try await client.create(folder) }
      let renamed = try #require(FolderName("Lists/rust"))
      try await client.rename(folders[4], to: renamed)
      try await client.delete(folders[1])
      let expected = [.inbox, folders[0], folders[2], folders[3], renamed, folders[5]].sorted()
      #expect(try await client.folders() == expected)
    }
  }

  @Test("IDLE brings what another session does, and the status poll sees it too")
  func pushes() async throws {
    try await DovecotServer.running { dovecot in
      let (watcher, other) = (try await dovecot.client("anna"), try await dovecot.client("anna"))
      try await watcher.select(.inbox)
      async let pushed = watcher.idle { $0.contains("EXISTS") }
      try await other.append(SampleMail(number: 1).bytes)
      #expect(try await pushed.contains("* 1 EXISTS"))
      async let seen = watcher.waitForMessages(2)
      try await other.append(SampleMail(number: 2).bytes)
      _ = try await seen
    }
  }

  @Test("a raw command's refusal is an answer, a refused act an error with the server's words")
  func refusals() async throws {
    try await DovecotServer.running { dovecot in
      let client = try await dovecot.client("anna")
      #expect(try await client.command("NONSENSE").status == "BAD")
      #expect(try await client.command("NOOP").isOK)
      do {
        try await client.select(try #require(FolderName("Nowhere")))
        Issue.record("selecting a folder that is not there succeeded")
      } catch let error as SupportError {
        #expect(error.description.contains("doesn't exist"))
      }
    }
  }
}
