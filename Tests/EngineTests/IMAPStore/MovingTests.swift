import Mail
import Ports
import Reconciliation
import Testing

@testable import Engine

@Suite("Moving messages on a server")
struct MovingTests {
  @Test("pairs by COPYUID in the order told, also where it comes before the answer")
  func moves() async throws {
    try await ScriptedStore.play(
      ChangeTests.opened("UIDPLUS MOVE") + """
        C: m3 UID MOVE 1:2,5 "A"
        S: * OK [COPYUID 9 1:2,5 1:3] moved
        S: * 1 EXPUNGE
        S: * 1 EXPUNGE
        S: * 1 EXPUNGE
        S: m3 OK done
        C: m4 UID FETCH 1:2,5 (UID)
        S: m4 OK done
        """
    ) { world in
      let target = try #require(FolderName("A"))
      let moved = try await world.store.move([.uid(5), .uid(2), .uid(1)], from: .inbox, to: target)
      #expect(moved.keys == [.uid(1): .uid(1), .uid(2): .uid(2), .uid(5): .uid(3)])
    }
  }

  @Test(
    "believes where a message is so often as it may be told, and then reads no more of it (L12)", arguments: [1, 2, 3])
  func toldAgain(times: Int) async throws {
    let told = (1...times).map { "S: * OK [COPYUID 9 5 \($0)] moved" }.joined(separator: "\n")
    try await ScriptedStore.play(
      ChangeTests.opened("UIDPLUS MOVE") + """
        C: m3 UID MOVE 5 "A"
        S: * OK [COPYUID 9 1:1000000 1:1000000] moved
        \(told)
        S: * 1 EXPUNGE
        S: m3 OK done
        C: m4 UID FETCH 5 (UID)
        S: m4 OK done
        """
    ) { world in
      let moved = try await world.store.move([.uid(5)], from: .inbox, to: try #require(FolderName("A")))
      #expect(moved.keys == [.uid(5): times == 1 ? .uid(1) : .uid(2)])
    }
  }

  @Test("a move that was carried out in part reports that part")
  func partialMove() async throws {
    try await ScriptedStore.play(
      ChangeTests.opened("UIDPLUS MOVE") + """
        C: m3 UID MOVE 1:2 "A"
        S: * OK [COPYUID 9 1 4] moved
        S: * 1 EXPUNGE
        S: m3 NO [OVERQUOTA] full
        C: m4 UID FETCH 1:2 (UID)
        S: * 1 FETCH (UID 2)
        S: m4 OK done
        """
    ) { world in
      let target = try #require(FolderName("A"))
      let moved = try await world.store.move([.uid(2), .uid(1)], from: .inbox, to: target)
      #expect(moved.keys == [.uid(1): .uid(4)])
    }
  }

  @Test(
    "of a message that somebody else has taken looks for no copy, whatever was known of it",
    arguments: ["UIDPLUS MOVE", "MOVE"])
  func takenByAnother(capabilities: String) async throws {
    // Without UIDPLUS it is looked before where a copy would be, and at what is to be moved.
    let before =
      capabilities == "MOVE"
      ? """
      S: * 1 EXPUNGE
      S: m4 OK done
      C: m5 STATUS "A" (UIDNEXT UIDVALIDITY)
      C: m6 UID FETCH 1 \(LookTests.traits)
      S: * STATUS A (UIDNEXT 4 UIDVALIDITY 9)
      S: m5 OK done
      S: m6 OK done
      """ : "S: * 1 EXPUNGE\nS: m4 OK done"
    let tags = (capabilities == "MOVE" ? 7 : 5)...
    let tag = Array(tags.prefix(4))
    try await ScriptedStore.play(
      preauthenticated(capabilities) + """
        C: m2 SELECT "INBOX"
        C: m3 UID FETCH 1:* \(LookTests.traits)
        S: * 1 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m2 OK done
        S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)
        S: m3 OK done
        C: m4 NOOP
        \(before)
        C: m\(tag[0]) UID MOVE 1 "A"
        S: m\(tag[0]) OK No messages found
        C: m\(tag[1]) UID FETCH 1 (UID)
        S: m\(tag[1]) OK done
        C: m\(tag[2]) SELECT "INBOX"
        S: * 0 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m\(tag[2]) OK done
        C: m\(tag[3]) UID SEARCH UID 1
        S: * SEARCH
        S: m\(tag[3]) OK done
        """
    ) { world in
      _ = try await world.wide()
      let moved = try await world.store.move([.uid(1)], from: .inbox, to: try #require(FolderName("A")))
      #expect(moved == Moved())
    }
  }

  @Test(
    "without UIDPLUS brings nothing to a mailbox that has the name of another one by now (L8)",
    arguments: [false, true]
  )
  func toAnother(isDelivery: Bool) async throws {
    let selected = """
      C: m4 SELECT "INBOX"
      S: * 1 EXISTS
      S: * OK [UIDVALIDITY 1] ok
      S: m4 OK done
      C: m5 STATUS "A" (UIDNEXT UIDVALIDITY)
      C: m6 UID FETCH 1 \(LookTests.traits)
      S: * STATUS A (UIDNEXT 4 UIDVALIDITY 10)
      S: m5 OK done
      S: m6 OK done
      """
    let status = """
      C: m4 STATUS "A" (UIDNEXT UIDVALIDITY)
      S: * STATUS A (UIDNEXT 4 UIDVALIDITY 10)
      S: m4 OK done
      """
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "A"
        C: m3 UID FETCH 1:* \(LookTests.traits)
        S: * 0 EXISTS
        S: * OK [UIDVALIDITY 9] ok
        S: m2 OK done
        S: m3 OK done

        """ + (isDelivery ? status : selected)
    ) { world in
      let target = try #require(FolderName("A"))
      _ = try await world.wide(target)
      let error = await #expect(throws: StoreError.self) {
        if isDelivery {
          let delivery = try await world.store.delivery(into: target)
          let letter = Letter(ticket: 1, flags: .none, date: nil, key: nil)
          do throws(StoreError) { try await delivery.add(letter, PiecedContent(["a"])) } catch {
            await delivery.abandon()
            throw error
          }
        } else {
          _ = try await world.store.copy([.uid(1)], from: .inbox, to: target)
        }
      }
      #expect(error?.scope == .folder)
    }
  }

  @Test("without UIDPLUS takes no other message for the moved one that came at the same time and is like it (L1)")
  func twoAlike() async throws {
    let like = "FLAGS () RFC822.SIZE 7 INTERNALDATE \"01-Jan-2020 00:00:00 +0000\" BODY[HEADER.FIELDS (MESSAGE-ID)] NIL"
    try await ScriptedStore.play(
      ChangeTests.opened("MOVE") + """
        C: m3 STATUS "A" (UIDNEXT UIDVALIDITY)
        C: m4 UID FETCH 1 \(LookTests.traits)
        S: * STATUS A (UIDNEXT 4 UIDVALIDITY 9)
        S: m3 OK done
        S: * 1 FETCH (UID 1 \(like))
        S: m4 OK done
        C: m5 UID MOVE 1 "A"
        S: * 1 EXPUNGE
        S: m5 OK done
        C: m6 UID FETCH 1 (UID)
        S: m6 OK done
        C: m7 SELECT "A"
        S: * 5 EXISTS
        S: * OK [UIDVALIDITY 9] ok
        S: m7 OK done
        C: m8 UID FETCH 4:* \(LookTests.traits)
        S: * 4 FETCH (UID 4 \(like))
        S: * 5 FETCH (UID 5 \(like))
        S: m8 OK done
        """
    ) { world in
      let error = await #expect(throws: StoreError.self) {
        _ = try await world.store.move([.uid(1)], from: .inbox, to: try #require(FolderName("A")))
      }
      #expect(error?.scope == .folder && error?.text.contains("does not tell as which") == true)
    }
  }

  @Test("without MOVE is a copy and an expunge of just what was copied")
  func copyAndExpunge() async throws {
    try await ScriptedStore.play(
      ChangeTests.opened("UIDPLUS") + """
        C: m3 UID COPY 1 "A"
        S: m3 OK [COPYUID 9 1 4] copied
        C: m4 NOOP
        S: m4 OK done
        C: m5 UID STORE 1 +FLAGS.SILENT (\\Deleted)
        C: m6 UID EXPUNGE 1
        S: m5 OK done
        S: * 1 EXPUNGE
        S: m6 OK done
        C: m7 UID FETCH 1 (UID)
        S: m7 OK done
        """
    ) { world in
      let target = try #require(FolderName("A"))
      let moved = try await world.store.move([.uid(1)], from: .inbox, to: target)
      #expect(moved.keys == [.uid(1): .uid(4)])
    }
  }

  @Test("without MOVE and UIDPLUS leaves all where it is as long as another's message is marked (L3, L10)")
  func moveAmongMarked() async throws {
    try await ScriptedStore.play(
      ChangeTests.opened("") + """
        C: m3 UID SEARCH DELETED
        S: * SEARCH 3
        S: m3 OK done
        """
    ) { world in
      let moved = try await world.store.move([.uid(1)], from: .inbox, to: try #require(FolderName("A")))
      #expect(moved == Moved(left: [.uid(1)]))
    }
  }
}
