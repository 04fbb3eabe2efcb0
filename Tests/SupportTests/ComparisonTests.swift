import Foundation
import Mail
import Support
import Testing

@Suite struct ComparisonTests {
  private let directory: TemporaryDirectory
  private let inbox: MaildirFolder

  init() throws {
    directory = try TemporaryDirectory("maildir")
    inbox = MaildirFolder(.inbox, below: directory.path)
    try inbox.make()
  }

  private func message(_ number: Int, _ flags: FlagSet = .none, uid: UID = 1) -> MailClient.Message {
    let mail = SampleMail(number: number)
    return MailClient.Message(uid: uid, flags: flags, internalDate: mail.date, bytes: mail.bytes)
  }

  private func file(_ number: Int, letters: String) throws {
    try inbox.file(SampleMail(number: number).bytes, letters: letters, date: SampleMail(number: number).date)
  }

  private func compare(_ messages: [MailClient.Message], ignoring: Comparison.Aspects = []) throws -> [String] {
    try Comparison(
      server: [.inbox: messages], maildir: MaildirTree(reading: directory.path), ignoring: ignoring
    ).differences
  }

  @Test("the same mail on both sides is no difference")
  func equal() throws {
    try file(1, letters: "S")
    try file(2, letters: "FP")
    #expect(try compare([message(1, FlagSet(.seen)), message(2, FlagSet(.flagged, keywords: [.forwarded]))]) == [])
  }

  @Test("a message on one side only is told, twins counted")
  func missing() throws {
    try file(1, letters: "")
    #expect(try compare([]).count == 1)
    #expect(try compare([message(1)]).isEmpty)
    let twins = try compare([message(1), message(1, uid: 2)])
    #expect(twins.count == 1)
    #expect(twins.first?.contains("only on the server") == true)
    #expect(try compare([message(2)]).count == 2)
  }

  @Test("other flags, keywords, dates and bytes are told, unless ignored")
  func details() throws {
    try file(1, letters: "S")
    let flagged = try compare([message(1, FlagSet(.flagged))])
    #expect(flagged.count == 1)
    #expect(flagged.first?.contains("(\\Flagged) and (\\Seen)") == true)
    #expect(try compare([message(1, FlagSet(.flagged))], ignoring: .flags).isEmpty)
    let keyword = FlagSet(.seen, keywords: [try #require(Keyword("Work"))])
    #expect(try compare([message(1, keyword)]).count == 1)
    #expect(try compare([message(1, keyword)], ignoring: .keywords).isEmpty)
    let later = MailClient.Message(
      uid: 1, flags: FlagSet(.seen), internalDate: InternalDate(secondsSince1970: 5), bytes: SampleMail(number: 1).bytes
    )
    #expect(try compare([later]).count == 1)
    #expect(try compare([later], ignoring: .dates).isEmpty)
    let altered = MailClient.Message(
      uid: 1, flags: FlagSet(.seen), internalDate: later.internalDate, bytes: later.bytes + [0x20])
    #expect(try compare([altered]).count == 2)
  }

  @Test("a folder on one side only is told")
  func folder() throws {
    #expect(try Comparison(server: [:], maildir: MaildirTree(reading: directory.path)).differences.count == 1)
    let empty = try Comparison(
      server: [:], maildir: MaildirTree(reading: directory.path), ignoring: .emptyFolders)
    #expect(empty.isEqual)
  }

  @Test("a Maildir filled from a server equals it, until one of them changes")
  func againstServer() async throws {
    try await DovecotServer.running { dovecot in
      let client = try await dovecot.client("anna")
      try await client.append(contentsOf: (0..<30).map { SampleMail(number: $0).draft })
      for message in try await client.messages() {
        let unique = try inbox.file(
          message.bytes, letters: message.flags.system.contains(.seen) ? "S" : "", date: message.internalDate)
        _ = unique
      }
      let watch = try MaildirWatch(directory.path)
      // Only \Seen was carried over above.
      try await watch.waitUntilEqual(to: client, ignoring: .flags)
      #expect(try await !Comparison(client, directory.path).isEqual)
      try await client.expunge([7])
      await #expect(throws: SupportError.self) {
        try await watch.waitUntilEqual(to: client, ignoring: .flags, within: .milliseconds(300))
      }
    }
  }
}
