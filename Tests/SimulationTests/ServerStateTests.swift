import Mail
import Ports
import Reactor
import Simulation
import Testing

@Suite("A simulated server's mailboxes and sessions")
struct ServerStateTests {
  @Test("list what a pattern means, with names that only hold others")
  func listing() async throws {
    try await ServerDialogue.play { server, client in
      for name in ["a", "a/b/c", "d"] { server.createMailbox(name) }
      @Loop func names(_ pattern: String) -> [String] {
        client.ask("x LIST \"\" \(pattern)").dropLast().map { String($0.split(separator: " ").last ?? "") }
      }
      #expect(names("*") == ["\"INBOX\"", "\"a\"", "\"a/b\"", "\"a/b/c\"", "\"d\""])
      #expect(names("%") == ["\"INBOX\"", "\"a\"", "\"d\""])
      #expect(names("a/%") == ["\"a/b\""])
      #expect(client.ask("y LIST \"\" a/b").first == "* LIST (\\Noselect \\HasChildren) \"/\" \"a/b\"")
      #expect(client.ask("z LIST \"\" \"\"").first == "* LIST (\\Noselect) \"/\" \"\"")
      #expect(client.ask("s LSUB \"\" d").first == "* LSUB (\\HasNoChildren) \"/\" \"d\"")
    }
  }

  @Test("are made, renamed with what is below, and deleted")
  func life() async throws {
    try await ServerDialogue.play { server, client in
      #expect(client.ask("a CREATE A/B").last == "a OK CREATE completed")
      #expect(client.ask("b CREATE A/B").last == "b NO [ALREADYEXISTS] Mailbox already exists")
      #expect(client.ask("c CREATE A").last == "c OK CREATE completed")
      server.append([65], to: "A")
      #expect(client.ask("d RENAME A C").last == "d OK RENAME completed")
      #expect(server.mailboxes.map(\.name) == ["C", "C/B", "INBOX"])
      #expect(client.ask("e DELETE C").last == "e OK DELETE completed")
      #expect(server.mailbox("C")?.isSelectable == false)
      #expect(client.ask("f SELECT C").last == "f NO [NONEXISTENT] No such mailbox")
      #expect(client.ask("g DELETE C/B").last == "g OK DELETE completed")
      #expect(client.ask("h DELETE INBOX").last?.hasPrefix("h NO") == true)
      #expect(client.ask("i CREATE \"&Bad\"").last?.hasPrefix("i NO") == true)
      #expect(client.ask("j CREATE inbox").last?.hasPrefix("j NO") == true)
    }
  }

  @Test("are shown on under their former name to whoever has them open")
  func renamedWhileOpen() async throws {
    try await ServerDialogue.play { server, client in
      server.createMailbox("A")
      _ = client.ask("a SELECT A")
      #expect(server.formerNamesInUse(of: "A").isEmpty)
      server.renameMailbox("A", to: "B")
      server.append([65], to: "B")
      #expect(client.ask("b NOOP").contains("* 1 EXISTS"))
      #expect(server.formerNamesInUse(of: "B") == ["A"])
      _ = client.ask("c SELECT B")
      #expect(server.formerNamesInUse(of: "B").isEmpty)
    }
  }

  @Test("end with what came after they were counted, and the record says so")
  func deletedUncounted() async throws {
    try await ServerDialogue.play { server, client in
      server.createMailbox("A")
      server.append([65], to: "A")
      _ = client.ask("a STATUS A (MESSAGES)")
      server.append([66], to: "A")
      #expect(client.ask("b DELETE A").last == "b OK DELETE completed")
      #expect(server.record.expunges.map(\.wasCounted) == [true, false])
    }
  }

  @Test("take a login in three ways, and remember what was said (L13)")
  func logins() async throws {
    try await ServerDialogue.play(logsIn: false, isConfidential: false) { server, client in
      #expect(client.ask("a LIST \"\" *").last?.hasPrefix("a BAD") == true)
      #expect(client.ask("b LOGIN user {5+}\r\nwrong").last == "b NO [AUTHENTICATIONFAILED] Authentication failed")
      #expect(
        client.ask("c AUTHENTICATE PLAIN AHVzZXIAc2VjcmV0").last?.hasPrefix("c OK [CAPABILITY IMAP4rev1 ") == true)
      let other = ServerDialogue(server)
      #expect(other.ask("a AUTHENTICATE PLAIN").last == "+ ")
      #expect(other.ask("AHVzZXIAc2VjcmV0").last?.hasPrefix("a OK") == true)
      #expect(server.record.logins.map(\.password) == ["wrong", "secret", "secret"])
      #expect(server.record.logins.map(\.wasAccepted) == [false, true, true])
      #expect(server.record.logins.map(\.wasConfidential) == [false, false, true])
    }
  }

  @Test("listen to nothing between STARTTLS and TLS")
  func startTLS() async throws {
    var profile = ServerProfile()
    profile.offersStartTLS = true
    try await ServerDialogue.play(profile, logsIn: false, isConfidential: false) { server, client in
      client.say("a STARTTLS\r\nb LOGIN user injected\r\n")
      #expect(client.take() == ["a OK STARTTLS completed"])
      client.startTLS()
      #expect(client.ask("c CAPABILITY").first?.contains("STARTTLS") == false)
      #expect(client.ask("d LOGIN user secret").last?.hasPrefix("d OK") == true)
      #expect(server.record.logins.map(\.password) == ["secret"])
    }
  }

  @Test("push in IDLE what others do, and nothing without it")
  func idle() async throws {
    try await ServerDialogue.play(ServerProfile(.everything.without(.notify))) { server, client in
      _ = client.ask("a SELECT INBOX")
      server.append([65])
      #expect(client.take() == [])
      #expect(client.ask("b IDLE") == ["+ idling", "* 1 EXISTS"])
      server.setFlags(adding: ["\\Seen"], of: 1)
      #expect(client.take() == ["* 1 FETCH (FLAGS (\\Seen))"])
      server.expunge(1)
      #expect(client.take() == ["* 1 EXPUNGE"])
      #expect(client.ask("DONE") == ["b OK Idle completed"])
      server.append([65])
      #expect(client.take() == [])
    }
  }

  @Test("notify of all mailboxes, and of their names")
  func notify() async throws {
    try await ServerDialogue.play { server, client in
      server.createMailbox("A")
      _ = client.ask("a ENABLE QRESYNC")
      _ = client.ask("b SELECT INBOX")
      let set = """
        c NOTIFY SET STATUS (SELECTED (MessageNew (UID FLAGS ENVELOPE) MessageExpunge FlagChange)) \
        (PERSONAL (MessageNew MessageExpunge FlagChange MailboxName))
        """
      #expect(
        client.ask(set) == [
          "* STATUS \"A\" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1002 UNSEEN 0 HIGHESTMODSEQ 1)", "c OK NOTIFY completed",
        ])
      server.append(Array("Message-ID: <a@b>\r\n\r\n".utf8))
      #expect(
        client.take() == [
          "* 1 EXISTS",
          "* 1 FETCH (UID 1 FLAGS () ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL \"<a@b>\"))",
        ])
      server.append([65], to: "A")
      #expect(client.take() == ["* STATUS \"A\" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1002 UNSEEN 1 HIGHESTMODSEQ 2)"])
      server.setFlags(adding: ["\\Flagged"], of: 1, in: "A")
      #expect(client.take() == ["* STATUS \"A\" (UNSEEN 1 HIGHESTMODSEQ 3)"])
      server.renameMailbox("A", to: "B")
      server.deleteMailbox("B")
      #expect(
        client.take() == ["* LIST () \"/\" \"B\" (\"OLDNAME\" (\"A\"))", "* LIST (\\NonExistent) \"/\" \"B\""])
      server.overflowNotify()
      server.createMailbox("C")
      #expect(client.take() == ["* OK [NOTIFICATIONOVERFLOW] Too much happened"])
    }
  }

  @Test("record a bare EXPUNGE that took what others had marked (L10)")
  func bareExpunge() async throws {
    try await ServerDialogue.play { server, client in
      for _ in 1...3 { server.append([65]) }
      server.setFlags(adding: ["\\Deleted"], of: 1)
      _ = client.ask("a SELECT INBOX")
      _ = client.ask("b UID STORE 2 +FLAGS (\\Deleted)")
      #expect(client.ask("c EXPUNGE") == ["* 1 EXPUNGE", "* 1 EXPUNGE", "c OK Expunge completed"])
      #expect(server.record.expunges.map(\.wasMarkedByOthers) == [true, false])
      #expect(server.record.expunges.allSatisfy { $0.way == .expunge })
    }
  }

  @Test("show the troubles that they are given")
  func troubles() async throws {
    try await ServerDialogue.play { server, client in
      server.append(Array("A poison pill".utf8))
      server.append([65])
      server.trouble.listsNothing = true
      #expect(client.ask("a LIST \"\" *") == ["a OK LIST completed"])
      server.trouble.showsEmpty = ["INBOX"]
      #expect(client.ask("b SELECT INBOX").contains("* 0 EXISTS"))
      server.trouble.showsEmpty = []
      #expect(client.ask("c SELECT INBOX").contains("* 2 EXISTS"))
      server.trouble.refusesReading = Array("poison".utf8)
      #expect(client.ask("d UID FETCH 1 (BODY.PEEK[])") == ["d NO [UNAVAILABLE] A message cannot be read"])
      server.trouble.hasNoModSeqs = true
      #expect(client.ask("e SELECT INBOX (CONDSTORE)").contains("* OK [NOMODSEQ] None here"))
      server.trouble.refusesEverything = true
      #expect(client.ask("f UID FETCH 1 FLAGS") == ["f NO [UNAVAILABLE] Try again later"])
      server.trouble = ServerTrouble()
      server.trouble.losesNextAnswer = [.store]
      #expect(client.ask("g UID STORE 2 +FLAGS (\\Seen)") == [])
      #expect(client.isClosed)
      #expect(server.mailbox("INBOX")?.message(2)?.flags == ["\\Seen"])
      let other = ServerDialogue(server)
      server.trouble.isSilent = true
      #expect(other.ask("a CAPABILITY").count == 1)
      server.trouble.isSilent = false
      #expect(other.ask("b NOOP") == [])
    }
  }

  @Test("cut off who has a mailbox selected that is renumbered or deleted by others")
  func renumbering() async throws {
    try await ServerDialogue.play { server, client in
      server.append([65])
      server.expunge(1)
      server.append([66])
      _ = client.ask("a SELECT INBOX")
      server.renumber()
      #expect(client.isClosed)
      let other = ServerDialogue(server)
      _ = other.take()
      #expect(server.endOne(sayingBye: true))
      #expect(other.take() == ["* BYE Disconnected for inactivity."])
      #expect(server.mailbox("INBOX")?.messages.map(\.uid) == [1])
      #expect(server.mailbox("INBOX")?.uidValidity == 1002)
      #expect(server.sessions.isEmpty)
    }
  }
}
