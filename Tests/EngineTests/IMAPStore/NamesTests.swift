import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// Servers that say names otherwise than they should, and of mailboxes that are gone only that they refuse.
@Suite("Names that a server tells")
struct NamesTests {
  private static let states = "RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY))"

  /// LIST tells modified UTF-7; then NOTIFY is set, and IDLE begun.
  private static let server =
    preauthenticated("NOTIFY IDLE LIST-EXTENDED LIST-STATUS") + """
      C: m2 LIST "" "*" \(states)
      S: * LIST () "/" INBOX
      S: * LIST () "/" "&APw-ber"
      S: * STATUS "&APw-ber" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1)
      S: * LIST () "/" "R&-D"
      S: * STATUS "R&-D" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1)
      S: m2 OK done
      C: m3 SELECT "INBOX"
      S: * 0 EXISTS
      S: * OK [UIDVALIDITY 1] ok
      S: m3 OK done
      C: m4 \(WatchTests.notify)
      S: m4 OK done
      C: m5 IDLE
      S: + idling
      -

      """

  /// What NOTIFY says, and what the store tells of it.
  static let heard: [(String, [String])] = [
    ("STATUS \"über\" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1)", ["über"]),
    ("STATUS \"&APw-ber\" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1)", ["über"]),
    ("STATUS \"R&D\" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1)", ["R&D"]),
    ("STATUS \"R&-D\" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1)", ["R&D"]),
    ("STATUS \"über\" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1)", []),
    ("LIST () \"/\" \"über\"", []), ("LIST () \"/\" \"R&D\"", []), ("LIST (\\NonExistent) \"/\" \"Ärger\"", ["*"]),
    ("LIST (\\NonExistent) \"/\" \"über\"", ["*"]), ("LIST () \"/\" \"Ärger\"", ["*"]),
  ]

  @Test("by NOTIFY in UTF-8, where LIST has modified UTF-7, are understood", arguments: heard)
  func notify(line: String, expected: [String]) async throws {
    try await ScriptedStore.play(Self.server + "S: * \(line)\n") { world in
      let folders = ["INBOX", "R&D", "über"].compactMap { FolderName($0) }
      #expect(try await world.store.folders().map(\.name) == folders)
      _ = try await world.store.watch(folders)
      await world.streams[0].proceed()
      let events = try expected.map { name -> StoreEvent in
        name == "*" ? .foldersChanged : .uncertain(try #require(FolderName(name)))
      }
      #expect(await world.eventsTold() == events)
    }
  }

  @Test("that no folder can bear are named, and not silently missing (L11)", arguments: [-1, 0, 1])
  func leftOut(beyond: Int) async throws {
    let reason = beyond > 0 ? "its name has more than 1024 bytes, or more than 64 parts" : nil
    let long = String(repeating: "x", count: FolderName.lengthMax - 1 + beyond)
    let deep = Array(repeating: "d", count: FolderName.depthMax + beyond).joined(separator: "/")
    try await ScriptedStore.play(
      preauthenticated("LIST-EXTENDED LIST-STATUS") + """
        C: m2 LIST "" "*" \(Self.states)
        S: * LIST () "/" INBOX
        S: * LIST () "/" "\(long)"
        S: * LIST () "/" "\(deep)"
        S: * LIST (\\Noselect) "/" "y\(long)"
        S: m2 OK done
        """
    ) { world in
      let folders = try await world.store.folders()
      #expect(folders.count { $0.holdsMessages } == (beyond > 0 ? 1 : 3))
      #expect(world.store.leftOut.count == (beyond > 0 ? 2 : 0))
      #expect(world.store.leftOut[deep] == reason)
    }
  }

  /// What a LIST of the name answers, and what the refused SELECT means then.
  static let listings: [(String, StoreError.Kind)] = [
    ("", .gone), ("S: * LIST () \"/\" Old", .refused), ("S: * LIST (\\NonExistent) \"/\" Old", .gone),
    ("S: * LIST (\\Noselect) \"/\" Old", .gone), ("S: * LIST () \"/\" Other", .gone),
  ]

  @Test(
    "SELECT's NO without a code is believed to mean gone only where LIST leaves the name out (L8)", arguments: listings)
  func gone(listed: String, kind: StoreError.Kind) async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "Old"
        C: m3 UID FETCH 1:* \(WatchTests.traits)
        S: m2 NO cannot be opened
        S: m3 BAD nothing selected
        C: m4 LIST "" "Old"
        \(listed)
        S: m4 OK done
        """
    ) { world in
      let old = try #require(FolderName("Old"))
      let error = await #expect(throws: StoreError.self) { _ = try await world.wide(old) }
      #expect(error?.kind == kind)
      #expect(error?.scope == .folder)
    }
  }

  @Test("a LIST that is refused proves nothing, and INBOX is never gone (L8)")
  func unproven() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "Old"
        C: m3 UID FETCH 1:* \(WatchTests.traits)
        S: m2 NO cannot be opened
        S: m3 BAD nothing selected
        C: m4 LIST "" "Old"
        S: m4 NO not now
        C: m5 SELECT "INBOX"
        C: m6 UID FETCH 1:* \(WatchTests.traits)
        S: m5 NO cannot be opened
        S: m6 BAD nothing selected
        """
    ) { world in
      for folder in ["Old", "INBOX"].compactMap({ FolderName($0) }) {
        let error = await #expect(throws: StoreError.self) { _ = try await world.wide(folder) }
        #expect(error?.kind == .refused)
      }
    }
  }
}
