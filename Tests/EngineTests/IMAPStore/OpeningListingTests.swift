import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// The list of folders that comes in the same round trip as what names there are.
@Suite("Folders that come with the login")
struct OpeningListingTests {
  private static let states = "RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))"

  /// Up to the answers to what leaves in one write right after the greeting.
  private static let login = """
    S: * PREAUTH [CAPABILITY IMAP4rev1 ENABLE CONDSTORE QRESYNC NAMESPACE LIST-EXTENDED LIST-STATUS] hi
    C: m1 ENABLE QRESYNC
    C: m2 NAMESPACE
    C: m3 LIST "" "*" \(states)
    S: * ENABLED QRESYNC
    S: m1 OK done
    S: * NAMESPACE (("INBOX." ".")) NIL NIL

    """

  private static let listing = """
    S: * LIST () "." INBOX
    S: * STATUS INBOX (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 1 HIGHESTMODSEQ 9)
    S: * LIST () "." INBOX.Lists.swift
    S: * STATUS INBOX.Lists.swift (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 2 HIGHESTMODSEQ 1)

    """

  private static let names = ["INBOX", "Lists/swift"]

  @Test("are read by the namespace that is told after they were asked for, and used once")
  func once() async throws {
    try await ScriptedStore.play(
      Self.login + "S: m2 OK done\n" + Self.listing + "S: m3 OK done\n"
        + "C: m4 LIST \"\" \"*\" \(Self.states)\n" + Self.listing + "S: m4 OK done\n"
    ) { world in
      for _ in 1...2 {
        let entries = try await world.store.folders()
        #expect(entries.map { "\($0.name)" } == Self.names)
        #expect(entries.first?.checkpoint == .imap(MailboxCheckpoint(next: 3, modSeq: 9, count: 2)))
      }
      // All that could be asked for was in one write.
      #expect(world.streams[0].writes.count == 2)
    }
  }

  @Test("are asked for anew where the server refused to tell them then")
  func refused() async throws {
    try await ScriptedStore.play(
      Self.login + "S: m2 OK done\n" + "S: m3 BAD not yet\n"
        + "C: m4 LIST \"\" \"*\" \(Self.states)\n" + Self.listing + "S: m4 OK done\n"
    ) { world in
      let entries = try await world.store.folders()
      #expect(entries.map { "\($0.name)" } == Self.names)
    }
  }

  @Test("are asked for anew after one was made")
  func changed() async throws {
    try await ScriptedStore.play(
      Self.login + "S: m2 OK done\n" + Self.listing + "S: m3 OK done\n" + """
        C: m4 CREATE "INBOX.New"
        S: m4 OK done
        C: m5 SUBSCRIBE "INBOX.New"
        S: m5 OK done
        C: m6 LIST "" "*" \(Self.states)

        """ + Self.listing + "S: * LIST () \".\" INBOX.New\nS: m6 OK done\n"
    ) { world in
      try await world.store.createFolder(try #require(FolderName("New")))
      let entries = try await world.store.folders()
      #expect(entries.map { "\($0.name)" } == Self.names + ["New"])
    }
  }

  @Test("are asked for anew where they are of some time ago")
  func old() async throws {
    try await ScriptedStore.play(
      Self.login + "S: m2 OK done\n" + Self.listing + "S: m3 OK done\n"
        + "C: m4 LIST \"\" \"*\" \(Self.states)\n" + Self.listing + "S: m4 OK done\n"
    ) { world in
      world.clock.advance(by: .seconds(1))
      let entries = try await world.store.folders()
      #expect(entries.map { "\($0.name)" } == Self.names)
    }
  }
}
