import IMAP
import Mail
import Ports
import Testing

@testable import Engine

@Suite("A server with many folders")
struct ManyFoldersTests {
  private static let states = "(MESSAGES UIDNEXT UIDVALIDITY)"

  private static func listing(_ count: Int) -> String {
    let lines = (1...count).map { "S: * LIST () \"/\" \($0)\n" }.joined()
    return "C: m2 LIST \"\" \"*\"\n" + lines + "S: m2 OK done\n"
  }

  @Test("is asked for the state of so many at a time (L12)")
  func states() async throws {
    let most = MailboxListing.inFlightMax
    let count = most + 50
    let names = (1...count).map { "\($0)" }.sorted()
    func asked(_ range: Range<Int>) -> String {
      range.map { "C: m\($0 + 3) STATUS \"\(names[$0])\" \(Self.states)\n" }.joined()
    }
    func told(_ range: Range<Int>) -> String {
      range.map {
        "S: * STATUS \(names[$0]) (MESSAGES 0 UIDNEXT 1 UIDVALIDITY \($0 + 1))\nS: m\($0 + 3) OK done\n"
      }.joined()
    }
    try await ScriptedStore.play(
      preauthenticated("") + Self.listing(count) + asked(0..<most) + told(0..<most / 2) + asked(most..<count)
        + told(most / 2..<count)
    ) { world in
      let entries = try await world.store.folders()
      #expect(entries.count == count && entries.allSatisfy { $0.checkpoint != nil })
      #expect(world.streams[0].writes.count <= 5)
    }
  }

  @Test("is believed as long as their names can be kept (L12)", arguments: [-1, 0, 1])
  func octets(_ beyond: Int) async throws {
    try await ScriptedStore.play(
      preauthenticated("LIST-EXTENDED LIST-STATUS") + """
        C: m2 LIST "" "*" RETURN (STATUS \(Self.states))
        S: * LIST () "/" Abc
        S: * STATUS Abc (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1)
        S: * STATUS Abc (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1)
        S: * LIST () "/" De ("OLDNAME" ("Fghi"))
        S: m2 OK done
        """
    ) { world in
      let count = { () async throws(StoreError) in
        try await world.store.withConnection(for: nil, .light) { member async throws(StoreError) in
          let listing = MailboxListing(member.features, octetsMax: 12 - beyond)
          try await listing.run(on: member.connection, world.store)
          return listing.entries.count
        }
      }
      if beyond > 0 {
        await #expect(throws: StoreError.self) { _ = try await count() }
      } else {
        let found = try await count()
        #expect(found == 2)
      }
    }
  }
}
