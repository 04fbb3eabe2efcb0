import IMAP
import Mail
import Ports
import Reactor
import Reconciliation
import Testing

@testable import Engine

@Suite("A message that the server does not describe")
struct RefusedMessagesTests {
  private static let opened =
    preauthenticated("") + """
      C: m2 SELECT "INBOX"
      C: m3 UID FETCH 1:* \(LookTests.traits)
      S: * 4 EXISTS
      \(LookTests.opened)
      S: * OK [UIDNEXT 6] ok
      S: m2 OK [READ-WRITE] done
      S: m3 NO [SERVERBUG] Internal error
      C: m4 UID FETCH 1:* \(LookTests.traits)
      S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)
      S: m4 NO [SERVERBUG] Internal error

      """

  @Test("is set aside, and the others are told (L11)")
  func one() async throws {
    try await ScriptedStore.play(
      Self.opened + """
        C: m5 UID FETCH 1:* (UID FLAGS)
        S: * 1 FETCH (UID 1 FLAGS ())
        S: * 2 FETCH (UID 3 FLAGS (\\Seen))
        S: * 3 FETCH (UID 4 FLAGS ())
        S: * 4 FETCH (UID 5 FLAGS ())
        S: m5 OK done
        C: m6 UID FETCH 3:5 \(LookTests.traits)
        S: m6 NO [SERVERBUG] Internal error
        C: m7 UID FETCH 5 \(LookTests.traits)
        S: * 4 FETCH (UID 5 FLAGS () RFC822.SIZE 9)
        S: m7 OK done
        C: m8 UID FETCH 3:4 \(LookTests.traits)
        S: * 2 FETCH (UID 3 FLAGS (\\Seen) RFC822.SIZE 8)
        S: m8 NO [SERVERBUG] Internal error
        C: m9 UID FETCH 4 \(LookTests.traits)
        S: m9 NO [SERVERBUG] Internal error
        C: m10 UID FETCH 3 \(LookTests.traits)
        S: * 2 FETCH (UID 3 FLAGS (\\Seen) RFC822.SIZE 8)
        S: m10 OK done
        """
    ) { world in
      let look = try await world.wide()
      #expect(look.coverage == .complete)
      #expect(Set(look.present.keys) == [.uid(1), .uid(3), .uid(5)])
      #expect(look.present.values.allSatisfy { $0.traits?.wireSize != nil })
      #expect(look.unreadable.keys.map { $0 } == [.uid(4)])
      #expect(look.unreadable[.uid(4)]?.contains("Internal error") == true)
    }
  }

  @Test("fails no look at others either (L11)")
  func among() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        S: * 2 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m2 OK done
        C: m3 UID FETCH 4:5 \(LookTests.traits)
        S: m3 NO [SERVERBUG] Internal error
        C: m4 UID FETCH 5 \(LookTests.traits)
        S: * 2 FETCH (UID 5 FLAGS () RFC822.SIZE 7)
        S: m4 OK done
        C: m5 UID FETCH 4 \(LookTests.traits)
        S: m5 NO [SERVERBUG] Internal error
        """
    ) { world in
      let look = try await world.store.look(at: .inbox, .messages([.uid(4), .uid(5)]))
      #expect(look.present.keys.map { $0 } == [.uid(5)])
      #expect(look.unreadable.keys.map { $0 } == [.uid(4)])
      #expect(look.gone.isEmpty)
    }
  }

  @Test("is the folder's trouble where even its flags are not told")
  func noFlags() async throws {
    try await ScriptedStore.play(
      Self.opened + """
        C: m5 UID FETCH 1:* (UID FLAGS)
        S: m5 NO [SERVERBUG] Internal error
        """
    ) { world in
      let error = await #expect(throws: StoreError.self) { _ = try await world.wide() }
      #expect(error?.scope == .folder)
    }
  }

  @Test(
    "is one of a few; of many it is the folder's trouble",
    arguments: [MailboxLook.refusedMax, MailboxLook.refusedMax + 1])
  func many(count: Int) async throws {
    var script =
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        C: m3 UID FETCH 1:* \(LookTests.traits)
        S: * \(count) EXISTS
        \(LookTests.opened)
        S: * OK [UIDNEXT \(2 * count + 1)] ok
        S: m2 OK [READ-WRITE] done
        S: m3 NO no
        C: m4 UID FETCH 1:* \(LookTests.traits)
        S: m4 NO no
        C: m5 UID FETCH 1:* (UID FLAGS)

        """
    for number in 1...count { script += "S: * \(number) FETCH (UID \(2 * number) FLAGS ())\n" }
    script += "S: m5 OK done\n"
    // Halves, the second one first.
    var tag = 6
    var refused = 0
    var parts = [UIDSet((1...UInt32(count)).compactMap { UID(rawValue: 2 * $0) })]
    while let part = parts.popLast(), refused <= MailboxLook.refusedMax {
      let set = part.map { "\($0)" }.joined(separator: ",")
      script += "C: m\(tag) UID FETCH \(set) \(LookTests.traits)\nS: m\(tag) NO no\n"
      tag += 1
      if part.count == 1 { refused += 1 } else { parts += part.chunks(of: (part.count + 1) / 2) }
    }
    try await ScriptedStore.play(script) { world in
      if count <= MailboxLook.refusedMax {
        let look = try await world.wide()
        #expect(look.unreadable.count == count)
      } else {
        let error = await #expect(throws: StoreError.self) { _ = try await world.wide() }
        #expect(error?.scope == .folder)
      }
    }
  }

  @Test(
    "is looked for in halves as often as it takes to find a few; of more it is the folder's trouble (L12)",
    arguments: [-1, 0, 1])
  func halves(beyond: Int) async throws {
    try await Reactor.onShared {
      // Each set is refused, and no message: so many halves are one less than the messages.
      let messages = UIDSet((0...UInt32(MailboxLook.splitsMax + beyond)).compactMap { UID(rawValue: 2 * $0 + 1) })
      var asked = 0
      let search = { () async throws(StoreError) in
        try await MailboxLook.refused(among: [messages]) { part throws(StoreError) in
          asked += 1
          return part.count > 1 ? StoreError(.folder, .refused, "not so many") : nil
        }
      }
      if beyond > 0 {
        await #expect(throws: StoreError.self) { _ = try await search() }
      } else {
        let refused = try await search()
        #expect(refused.isEmpty)
        #expect(asked == 2 * messages.count - 1)
      }
      #expect(asked <= 2 * MailboxLook.splitsMax + 1)
    }
  }
}
