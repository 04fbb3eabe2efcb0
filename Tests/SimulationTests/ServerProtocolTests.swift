import Mail
import Ports
import Reactor
import Simulation
import Testing

@Suite("A simulated server")
struct ServerProtocolTests {
  private static let mail = Array("Subject: x\r\nMessage-ID: <a@b>\r\n\r\nHi\r\n".utf8)

  @Test("keeps message numbers while they are used, and tells EXPUNGE afterwards")
  func numbers() async throws {
    try await ServerDialogue.play(ServerProfile(.none)) { server, client in
      for _ in 1...3 { server.append(Self.mail) }
      #expect(client.ask("a SELECT INBOX").contains("* 3 EXISTS"))
      server.expunge(1)
      server.append(Self.mail)
      #expect(
        client.ask("b FETCH 1:3 UID") == [
          "* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)", "* 4 EXISTS",
          "b OK [EXPUNGEISSUED] Some messages were already expunged",
        ])
      #expect(client.ask("c STORE 2 +FLAGS (\\Seen)") == ["* 2 FETCH (FLAGS (\\Seen))", "c OK Store completed"])
      #expect(client.ask("d SEARCH SEEN") == ["* SEARCH 2", "d OK Search completed"])
      #expect(client.ask("e UID FETCH 3 UID") == ["* 3 FETCH (UID 3)", "* 1 EXPUNGE", "e OK Fetch completed"])
      #expect(client.ask("f FETCH 1 (UID FLAGS)").first == "* 1 FETCH (UID 2 FLAGS (\\Seen))")
    }
  }

  /// Line by line as Dovecot 2.3.19 says it, but for RECENT.
  @Test("like Dovecot answers what comes in one write from what was known before it")
  func order() async throws {
    var profile = ServerProfile(ServerExtensions.everything.without(.qresync))
    profile.answersBeforeNews = true
    try await ServerDialogue.play(profile) { server, client in
      _ = client.ask("s SELECT INBOX")
      server.append(Self.mail)
      #expect(
        client.ask("a NOOP\r\nb UID FETCH 1 (UID FLAGS)") == [
          "* 1 EXISTS", "a OK NOOP completed", "b OK Fetch completed",
        ])
      server.append(Self.mail)
      #expect(
        client.ask("a NOOP\r\nq LIST \"\" INBOX\r\nb UID FETCH 2:* UID") == [
          "* LIST (\\HasNoChildren) \"/\" \"INBOX\"", "q OK LIST completed", "* 1 FETCH (UID 1)", "* 2 EXISTS",
          "a OK NOOP completed", "b OK Fetch completed",
        ])
      server.append(Self.mail)
      #expect(client.ask("a NOOP") == ["* 3 EXISTS", "a OK NOOP completed"])
      server.append(Self.mail)
      #expect(
        client.ask("a IDLE\r\nDONE\r\nb UID FETCH 4 UID") == [
          "+ idling", "* 4 EXISTS", "a OK Idle completed", "* 4 FETCH (UID 4)", "b OK Fetch completed",
        ])
      server.expunge(1)
      #expect(
        client.ask("a UID SEARCH ALL\r\nb SELECT INBOX").prefix(3) == [
          "* SEARCH 1 2 3 4", "* 1 EXPUNGE", "a OK Search completed",
        ])
    }
  }

  @Test("says VANISHED everywhere after ENABLE QRESYNC, and tells what happened since")
  func qresync() async throws {
    try await ServerDialogue.play { server, client in
      for _ in 1...4 { server.append(Self.mail) }
      #expect(client.ask("a SELECT INBOX (QRESYNC (1001 3))").last?.hasPrefix("a BAD") == true)
      #expect(client.ask("b ENABLE QRESYNC") == ["* ENABLED QRESYNC", "b OK Enabled"])
      #expect(client.ask("c SELECT INBOX").contains("* OK [HIGHESTMODSEQ 5] Highest"))
      server.expunge(2)
      server.expunge(3)
      #expect(client.ask("d NOOP") == ["* VANISHED 2:3", "d OK NOOP completed"])
      server.setFlags(adding: ["\\Seen"], of: 4)
      let answer = client.ask("e SELECT INBOX (QRESYNC (1001 5))")
      #expect(answer.contains("* OK [CLOSED] Previous mailbox closed"))
      #expect(answer.contains("* VANISHED (EARLIER) 2:3"))
      #expect(answer.contains("* 2 FETCH (UID 4 FLAGS (\\Seen) MODSEQ (8))"))
      let known = client.ask("f SELECT INBOX (QRESYNC (1001 5 1:2))")
      #expect(known.contains("* VANISHED (EARLIER) 2"))
      #expect(!known.contains { $0.contains("FETCH") })
      #expect(!client.ask("g SELECT INBOX (QRESYNC (7 5))").contains { $0.contains("VANISHED") })
      #expect(
        client.ask("h UID FETCH 1:* (FLAGS) (CHANGEDSINCE 6 VANISHED)") == [
          "* VANISHED (EARLIER) 3", "* 2 FETCH (UID 4 FLAGS (\\Seen) MODSEQ (8))", "h OK Fetch completed",
        ])
    }
  }

  @Test("does a conditional STORE of what did not change, and tells the rest")
  func conditionalStore() async throws {
    try await ServerDialogue.play { server, client in
      for _ in 1...2 { server.append(Self.mail) }
      _ = client.ask("a SELECT INBOX (CONDSTORE)")
      server.setFlags(adding: ["\\Flagged"], of: 2)
      #expect(
        client.ask("b UID STORE 1:2 (UNCHANGEDSINCE 3) +FLAGS.SILENT (\\Seen)") == [
          "* 1 FETCH (UID 1 MODSEQ (5))", "* 2 FETCH (FLAGS (\\Flagged) MODSEQ (4))",
          "b OK [MODIFIED 2] Conditional STORE failed",
        ])
      #expect(client.ask("c UID STORE 1 +FLAGS.SILENT (\\Seen)") == ["c OK Store completed"])
      #expect(server.record.changes == 1)
    }
  }

  @Test("takes literals in any pieces, and asks for those that wait")
  func literals() async throws {
    try await ServerDialogue.play { server, client in
      for octet in "a APPEND {5}\r\nINBOX (\\Seen work) \" 1-Nov-2024 10:00:00 +0100\" {5+}\r\nHello\r\n".utf8 {
        client.say(String(decoding: [octet], as: UTF8.self))
      }
      #expect(client.take() == ["+ go ahead", "a OK [APPENDUID 1001 1] Append completed"])
      let message = try #require(server.mailbox("INBOX")?.message(1))
      #expect(message.bytes == Array("Hello".utf8))
      #expect(message.flags == ["\\Seen", "work"])
      #expect(message.internalDate.secondsSince1970 == 1_730_451_600)
    }
    try await ServerDialogue.play(ServerProfile(.everything.without(.literalPlus))) { _, client in
      #expect(client.ask("a APPEND INBOX {5+}") == ["* BYE Unexpected literal"])
      #expect(client.isClosed)
    }
  }

  @Test("refuses an upload before its octets are sent")
  func refusedUploads() async throws {
    try await ServerDialogue.play { server, client in
      #expect(client.ask("a APPEND Nowhere {5}") == ["a NO [TRYCREATE] No such mailbox"])
      server.trouble.isOverQuota = true
      #expect(client.ask("b APPEND INBOX {5}") == ["b NO [OVERQUOTA] Quota exceeded"])
      server.trouble.isOverQuota = false
      server.trouble.refusesStoring = Array("Hi".utf8)
      #expect(client.ask("c APPEND INBOX {4+}\r\nHi!!") == ["c NO [CANNOT] This message is not taken"])
      #expect(client.ask("d APPEND INBOX {4+}\r\nHo!!") == ["d OK [APPENDUID 1001 1] Append completed"])
    }
  }

  @Test(
    "knows nothing of extensions that it lacks",
    arguments: [
      "ID NIL", "ENABLE CONDSTORE", "NAMESPACE", "IDLE", "NOTIFY NONE", "UNSELECT", "UID MOVE 1 INBOX", "UID EXPUNGE 1",
      "LIST \"\" * RETURN (STATUS (MESSAGES))", "LIST (SUBSCRIBED) \"\" *", "UID SEARCH RETURN (ALL) ALL",
      "SELECT INBOX (CONDSTORE)", "UID FETCH 1 (MODSEQ)", "UID FETCH 1 FLAGS (CHANGEDSINCE 1)",
      "STATUS INBOX (HIGHESTMODSEQ)", "STATUS INBOX (SIZE)",
    ])
  func absent(_ command: String) async throws {
    try await ServerDialogue.play(ServerProfile(.none)) { server, client in
      server.append(Self.mail)
      _ = client.ask("a SELECT INBOX")
      #expect(client.ask("b \(command)").last?.hasPrefix("b BAD") == true)
    }
    try await ServerDialogue.play { server, client in
      server.append(Self.mail)
      _ = client.ask("a SELECT INBOX")
      #expect(client.ask("b \(command)").last?.hasPrefix("b BAD") == false)
    }
  }

  @Test("tells COPYUID where it belongs, and moves by number or UID")
  func transfers() async throws {
    try await ServerDialogue.play { server, client in
      for _ in 1...3 { server.append(Self.mail) }
      server.createMailbox("A")
      _ = client.ask("a SELECT INBOX")
      #expect(client.ask("b UID COPY 3,1 A") == ["b OK [COPYUID 1002 1,3 1:2] Copy completed"])
      #expect(
        client.ask("c MOVE 2 A") == [
          "* OK [COPYUID 1002 2 3] Moved UIDs.", "* 2 EXPUNGE", "c OK Move completed",
        ])
      #expect(client.ask("d UID COPY 1 B") == ["d NO [TRYCREATE] No such mailbox"])
      #expect(client.ask("e UID COPY 9 A") == ["e OK Copy completed"])
      #expect(server.record.arrivals.map(\.way) == [.copy, .copy, .move])
    }
  }

  @Test("searches by flags, UIDs and header fields")
  func searching() async throws {
    try await ServerDialogue.play { server, client in
      for _ in 1...3 { server.append(Self.mail) }
      server.append(Array("Message-ID:\r\n <c@d>\r\n\r\n".utf8), flags: ["\\Deleted", "Work"])
      _ = client.ask("a SELECT INBOX")
      #expect(client.ask("b UID SEARCH DELETED").first == "* SEARCH 4")
      #expect(client.ask("c UID SEARCH KEYWORD work UID 2:*").first == "* SEARCH 4")
      #expect(
        client.ask("d UID SEARCH RETURN (ALL COUNT) UNDELETED").first == "* ESEARCH (TAG \"d\") UID ALL 1:3 COUNT 3")
      #expect(client.ask("e UID SEARCH HEADER message-id <C@D>").first == "* SEARCH 4")
      #expect(client.ask("f UID SEARCH UID 3,1,2 NOT UID 2").first == "* SEARCH 1 3")
      #expect(client.ask("g UID SEARCH KEYWORD None").first == "* SEARCH")
    }
  }

  @Test("survives what is no command, and hangs up on too much of it")
  func nonsense() async throws {
    try await ServerDialogue.play { _, client in
      for line in [
        "", "a", "a ", "a FROB", "a UID LOGIN x y", "a FETCH 0 FLAGS", "a FETCH 4294967296 FLAGS", "a SELECT \"x",
      ] {
        #expect(client.ask(line).last?.contains("BAD") == true, "\(line)")
      }
      for _ in 1...13 { _ = client.ask("a FROB") }
      #expect(client.isClosed)
    }
    try await ServerDialogue.play { _, client in
      client.say(String(repeating: "x", count: 70_000))
      #expect(client.take() == ["* BYE Too long"])
    }
  }
}
