import IMAP
import Mail
import Ports
import Reconciliation
import Testing

@testable import Engine

/// What is deleted is what was asked for, whatever a server does or says meanwhile.
@Suite("No message of others")
struct ForeignMessagesTests {
  @Test(
    "without UIDPLUS expunges nothing that was marked, or came with a mark, while it was searched for (L10)",
    arguments: ["* 4 EXISTS", "* 3 FETCH (UID 4 FLAGS (\\Deleted))", "* 3 FETCH (UID 4 MODSEQ (9))"], [false, true])
  func markedDuringTheSearch(news: String, isEndless: Bool) async throws {
    let first = """
      C: m3 UID STORE 1 +FLAGS.SILENT (\\Deleted)
      S: m3 OK done
      C: m4 NOOP
      S: m4 OK done

      """
    let outdated = (isEndless ? 5...9 : 5...5).map { tag in
      "C: m\(tag) UID SEARCH DELETED\nS: * SEARCH 1\nS: \(news)\nS: m\(tag) OK done\n"
    }.joined()
    let last = isEndless ? "" : "C: m6 UID SEARCH DELETED\nS: * SEARCH 1 4\nS: m6 OK done\n"
    let tag = isEndless ? "m10" : "m7"
    try await ScriptedStore.play(
      ChangeTests.opened("") + first + outdated + last + """
        C: \(tag) UID FETCH 1 (UID)
        S: * 1 FETCH (UID 1)
        S: \(tag) OK done
        """
    ) { world in
      let deletion = try await world.store.delete([.uid(1)], in: .inbox)
      #expect(deletion.gone.isEmpty)
    }
  }

  @Test("is deleted where the mailbox was made anew between two tries (L1, L8, L10)")
  func madeAnew() async throws {
    try await ScriptedStore.play(
      ChangeTests.opened("UIDPLUS") + """
        C: m3 UID STORE 5 +FLAGS.SILENT (\\Deleted)
        C: m4 UID EXPUNGE 5
        S: m3 OK done
        S: m4 OK done
        C: m5 UID FETCH 5 (UID)
        S: m5 OK done
        C: m6 SELECT "INBOX"
        S: * 9 EXISTS
        S: * OK [UIDVALIDITY 2] ok
        S: m6 OK done
        """
    ) { world in
      let error = await #expect(throws: StoreError.self) { _ = try await world.store.delete([.uid(5)], in: .inbox) }
      #expect(error?.text.contains("UIDVALIDITY changed from 1 to 2") == true)
      #expect(await world.eventsTold().contains(.uncertain(.inbox)))
    }
  }

  @Test("is expunged because COPYUID names it (L10)")
  func namedByCopyUID() async throws {
    try await ScriptedStore.play(
      ChangeTests.opened("UIDPLUS") + """
        C: m3 UID COPY 5 "A"
        S: m3 OK [COPYUID 9 5,77 1:2] done
        C: m4 NOOP
        S: m4 OK done
        C: m5 UID STORE 5 +FLAGS.SILENT (\\Deleted)
        C: m6 UID EXPUNGE 5
        S: * 1 EXPUNGE
        S: m5 OK done
        S: m6 OK done
        C: m7 UID FETCH 5 (UID)
        S: m7 OK done
        """
    ) { world in
      let moved = try await world.store.move([.uid(5)], from: .inbox, to: try #require(FolderName("A")))
      #expect(moved == Moved([.uid(5): .uid(1)]))
    }
  }

  @Test("is expunged where the source was made anew while the copy was looked for (L1, L8, L10)")
  func sourceMadeAnew() async throws {
    try await ScriptedStore.play(
      preauthenticated("UIDPLUS") + """
        C: m2 SELECT "INBOX"
        C: m3 UID FETCH 1:* \(LookTests.traits)
        S: * 1 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m2 OK done
        S: * 1 FETCH (UID 5 FLAGS () RFC822.SIZE 7)
        S: m3 OK done
        C: m4 NOOP
        S: m4 OK done
        C: m5 UID COPY 5 "A"
        S: m5 OK done
        C: m6 UID SEARCH UID 5
        S: * SEARCH 5
        S: m6 OK done
        C: m7 SELECT "A"
        S: * 1 EXISTS
        S: * OK [UIDVALIDITY 9] ok
        S: m7 OK done
        C: m8 UID FETCH 1:* \(LookTests.traits)
        -
        S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)
        S: m8 OK done
        C: m9 SELECT "INBOX"
        S: * 9 EXISTS
        S: * OK [UIDVALIDITY 2] ok
        S: m9 OK done
        """
    ) { world in
      _ = try await world.wide()
      let target = try #require(FolderName("A"))
      let moving = Loop.task { () -> String in
        do { return "\(try await world.store.move([.uid(5)], from: .inbox, to: target))" } catch { return "\(error)" }
      }
      await world.streams[0].hasReachedRest()
      // As a look on another connection does.
      world.store.memories[.inbox]?.validity = UIDValidity(rawValue: 2)
      await world.streams[0].proceed()
      let told = await moving.value
      #expect(told.contains("UIDVALIDITY changed from 1 to 2"))
    }
  }
}
