import Mail
import Ports
import Reconciliation
import Testing

@testable import Engine

/// A message in pieces, which may end too early or fail.
@Loop
final class PiecedContent: MessageContent {
  let wireSize: Int
  let date: InternalDate? = nil
  private var pieces: [String]
  private let failure: StoreError?

  init(_ pieces: [String], announced: Int? = nil, failure: StoreError? = nil) {
    wireSize = announced ?? pieces.reduce(0) { $0 + $1.utf8.count }
    self.pieces = pieces
    self.failure = failure
  }

  func next() async throws(StoreError) -> [UInt8]? {
    if pieces.isEmpty, let failure { throw failure }
    return pieces.isEmpty ? nil : Array(pieces.removeFirst().utf8)
  }
}

@Suite("Reading messages")
struct ReadingTests {
  static let opened =
    preauthenticated("") + """
      C: m2 SELECT "INBOX"
      S: * 3 EXISTS
      S: * OK [UIDVALIDITY 1] ok
      S: m2 OK done

      """

  @Loop
  static func read(_ uids: [UID], _ world: ScriptedStore) async throws -> [MessageKey: Result<
    String, StoreError
  >] {
    var read: [MessageKey: Result<String, StoreError>] = [:]
    try await world.store.read(uids.map { .uid($0) }, in: .inbox) { key, result async throws(StoreError) in
      switch result {
      case .success(let content):
        var octets: [UInt8] = []
        while let piece = try await content.next() { octets += piece }
        read[key] = .success(String(decoding: octets, as: UTF8.self))
      case .failure(let error): read[key] = .failure(error)
      }
    }
    return read
  }

  @Test("names one that the server refuses, and goes on with the others (L11)")
  func refused() async throws {
    try await ScriptedStore.play(
      Self.opened + """
        C: m3 UID FETCH 1:3 (UID BODY.PEEK[])
        S: * 1 FETCH (UID 1 BODY[] "a")
        S: m3 NO [UNAVAILABLE] not now
        C: m4 UID FETCH 2 (UID BODY.PEEK[])
        S: m4 NO [UNAVAILABLE] never
        C: m5 UID FETCH 3 (UID BODY.PEEK[])
        S: * 3 FETCH (UID 3 BODY[] "c")
        S: m5 OK done
        """
    ) { world in
      let read = try await Self.read([1, 2, 3], world)
      #expect(try read[.uid(1)]?.get() == "a")
      #expect(try read[.uid(3)]?.get() == "c")
      guard case .failure(let error)? = read[.uid(2)] else {
        Issue.record("UID 2 did not fail")
        return
      }
      #expect(error.scope == .message)
    }
  }

  @Test("asks one by one where the server tells too late which message it is")
  func lateUID() async throws {
    try await ScriptedStore.play(
      Self.opened + """
        C: m3 UID FETCH 1:2 (UID BODY.PEEK[])
        S: * 1 FETCH (BODY[] {1}
        S: a UID 1)
        S: * 2 FETCH (BODY[] {1}
        S: b UID 2)
        S: m3 OK done
        C: m4 UID FETCH 1 (UID BODY.PEEK[])
        S: * 1 FETCH (BODY[] {1}
        S: a UID 1)
        S: m4 OK done
        C: m5 UID FETCH 2 (UID BODY.PEEK[])
        S: * 2 FETCH (BODY[] {1}
        S: b UID 2)
        S: m5 OK done
        """
    ) { world in
      let read = try await Self.read([1, 2], world)
      #expect(read == [.uid(1): .success("a"), .uid(2): .success("b")])
    }
  }

  @Test("does not call a message gone that a fresh view still holds (L1)")
  func staleView() async throws {
    try await ScriptedStore.play(
      Self.opened + """
        C: m3 UID FETCH 3 (UID BODY.PEEK[])
        S: m3 OK done
        C: m4 SELECT "INBOX"
        S: * 3 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: m4 OK done
        C: m5 UID SEARCH UID 3
        S: * SEARCH 3
        S: m5 OK done
        C: m6 UID FETCH 3 (UID BODY.PEEK[])
        S: * 3 FETCH (UID 3 BODY[] "c")
        S: m6 OK done
        """
    ) { world in
      let read = try await Self.read([3], world)
      #expect(read == [.uid(3): .success("c")])
    }
  }

  @Test("fails for the account where the connection ends in the middle of a message")
  func cut() async throws {
    try await ScriptedStore.play(
      Self.opened + """
        C: m3 UID FETCH 1 (UID BODY.PEEK[])
        S: * 1 FETCH (UID 1 BODY[] {50}
        S: one
        E:
        """
    ) { world in
      let error = await #expect(throws: StoreError.self) { _ = try await Self.read([1], world) }
      #expect(error?.scope == .account)
    }
  }

  @Test("is cut into commands by number and by octets")
  func chunks() {
    let uids = (1...250).compactMap { UID(rawValue: $0) }
    #expect(FetchChunks.chunks(uids) { _ in nil }.map(\.count) == [100, 100, 50])
    #expect(FetchChunks.chunks([3, 1, 2]) { _ in 3 << 20 }.map(\.description) == ["1", "2", "3"])
    #expect(FetchChunks.chunks([1, 2]) { _ in 20 << 20 }.map(\.description) == ["1", "2"])
    #expect(FetchChunks.chunks([]) { _ in nil }.isEmpty)
  }
}

@Suite("Storing messages")
struct DeliveryTests {
  private static let opened =
    preauthenticated("UIDPLUS LITERAL+") + """
      C: m2 SELECT "INBOX"
      S: * 0 EXISTS
      S: * OK [PERMANENTFLAGS (\\Seen)] ok
      S: * OK [UIDVALIDITY 1] ok
      S: m2 OK done

      """

  private static func letter(_ ticket: Int, _ flags: FlagSet = .none) -> Letter {
    Letter(ticket: ticket, flags: flags, date: nil, key: nil)
  }

  @Test("one refused is its own failure; the others are stored, with the flags that the server holds (L6, L11)")
  func refusals() async throws {
    try await ScriptedStore.play(
      Self.opened + """
        C: m3 APPEND "INBOX" (\\Seen) {1+}
        C: a
        C: m4 APPEND "INBOX" {1+}
        C: b
        S: m3 OK [APPENDUID 1 7] stored
        S: m4 NO [TOOBIG] too big
        """
    ) { world in
      let delivery = try await world.store.delivery(into: .inbox)
      let flags = FlagSet([.seen, .flagged], keywords: Keyword("Work").map { [$0] } ?? [])
      try await delivery.add(Self.letter(1, flags), PiecedContent(["a"]))
      try await delivery.add(Self.letter(2), PiecedContent(["b"]))
      let results = try await delivery.commit()
      #expect(try results[1]?.get().key == .uid(7))
      #expect(try results[1]?.get().flags == FlagSet([.seen]))
      guard case .failure(let error)? = results[2] else {
        Issue.record("it was not refused")
        return
      }
      #expect(error.scope == .message)
      #expect(error.kind == .noSpace)
    }
  }

  @Test(
    "is recorded with the flags that it was sent with; what else is shown was done since (L2, L6)",
    arguments: ["\\Seen \\Flagged", "\\Flagged"])
  func flaggedSince(shown: String) async throws {
    let work = try #require(Keyword("Work"))
    try await ScriptedStore.play(
      Self.opened.replacing("FLAGS (\\Seen)", with: "FLAGS (\\Seen \\*)") + """
        C: m3 APPEND "INBOX" (\\Seen Work) {1+}
        C: a
        S: m3 OK [APPENDUID 1 7] stored
        C: m4 NOOP
        S: m4 OK done
        C: m5 UID FETCH 7 (UID FLAGS)
        S: * 1 FETCH (UID 7 FLAGS (\(shown)))
        S: m5 OK done
        """
    ) { world in
      let delivery = try await world.store.delivery(into: .inbox)
      // Keywords a server may drop in silence.
      try await delivery.add(Self.letter(1, FlagSet([.seen], keywords: [work])), PiecedContent(["a"]))
      let results = try await delivery.commit()
      #expect(try results[1]?.get().flags == FlagSet(.seen))
    }
  }

  /// UIDNEXT was not the latest: a copy made through another connection has the number already.
  @Test("of several alike on a server without UIDPLUS are the last ones, in their order (L3, L6)")
  func alike() async throws {
    try await ScriptedStore.play(
      Self.opened.replacing("UIDPLUS ", with: "") + """
        C: m3 STATUS "INBOX" (UIDNEXT UIDVALIDITY)
        S: * STATUS "INBOX" (UIDNEXT 4 UIDVALIDITY 1)
        S: m3 OK done
        C: m4 APPEND "INBOX" {1+}
        C: a
        C: m5 APPEND "INBOX" (\\Seen) {1+}
        C: a
        S: m4 OK stored
        S: m5 OK stored
        C: m6 NOOP
        S: * 6 EXISTS
        S: m6 OK done
        C: m7 UID FETCH 4:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])
        S: * 4 FETCH (UID 4 FLAGS () RFC822.SIZE 1 BODY[HEADER.FIELDS (MESSAGE-ID)] "")
        S: * 5 FETCH (UID 5 FLAGS () RFC822.SIZE 1 BODY[HEADER.FIELDS (MESSAGE-ID)] "")
        S: * 6 FETCH (UID 6 FLAGS (\\Seen) RFC822.SIZE 1 BODY[HEADER.FIELDS (MESSAGE-ID)] "")
        S: m7 OK done
        C: m8 UID FETCH 4:6 (UID INTERNALDATE BODY.PEEK[])
        S: * 4 FETCH (UID 4 BODY[] "a")
        S: * 5 FETCH (UID 5 BODY[] "a")
        S: * 6 FETCH (UID 6 BODY[] "a")
        S: m8 OK done
        C: m9 UID FETCH 4:5 (UID INTERNALDATE BODY.PEEK[])
        S: * 4 FETCH (UID 4 BODY[] "a")
        S: * 5 FETCH (UID 5 BODY[] "a")
        S: m9 OK done
        C: m10 UID FETCH 5:6 (UID FLAGS)
        S: * 5 FETCH (UID 5 FLAGS ())
        S: * 6 FETCH (UID 6 FLAGS (\\Seen))
        S: m10 OK done
        """
    ) { world in
      let delivery = try await world.store.delivery(into: .inbox)
      try await delivery.add(Self.letter(1), PiecedContent(["a"]))
      try await delivery.add(Self.letter(2, FlagSet(.seen)), PiecedContent(["a"]))
      let results = try await delivery.commit()
      #expect(try results[1]?.get().key == .uid(5))
      #expect(try results[2]?.get().key == .uid(6))
    }
  }

  @Test("into a folder that is not there fails for the folder")
  func noFolder() async throws {
    try await ScriptedStore.play(
      Self.opened + "C: m3 APPEND \"INBOX\" {1+}\nC: a\nS: m3 NO [TRYCREATE] no such mailbox"
    ) { world in
      let delivery = try await world.store.delivery(into: .inbox)
      try await delivery.add(Self.letter(1), PiecedContent(["a"]))
      let error = await #expect(throws: StoreError.self) { _ = try await delivery.commit() }
      #expect(error?.scope == .folder)
      #expect(error?.kind == .gone)
    }
  }

  @Test("without an answer is in doubt, and says so for the account (L3)")
  func lostAnswer() async throws {
    try await ScriptedStore.play(Self.opened + "C: m3 APPEND \"INBOX\" {1+}\nC: a\nE:") { world in
      let delivery = try await world.store.delivery(into: .inbox)
      let error = await #expect(throws: StoreError.self) {
        try await delivery.add(Self.letter(1), PiecedContent(["a"]))
        _ = try await delivery.commit()
      }
      #expect(error?.scope == .account)
    }
  }

  @Test("a source that fails half-way takes only itself down: the next goes over another connection")
  func failingSource() async throws {
    try await ScriptedStore.play(
      Self.opened + """
        C: m3 APPEND "INBOX" {1+}
        C: a
        S: m3 OK [APPENDUID 1 7] stored
        C: m4 APPEND "INBOX" {9+}
        """,
      preauthenticated("UIDPLUS LITERAL+").replacing(
        "C: m1 LIST \"\" \"\"\nS: * LIST (\\Noselect) \"/\" \"\"\nS: m1 OK done\n", with: "")
        + "C: m1 APPEND \"INBOX\" {1+}\nC: c\nS: m1 OK [APPENDUID 1 8] stored"
    ) { world in
      let delivery = try await world.store.delivery(into: .inbox)
      try await delivery.add(Self.letter(1), PiecedContent(["a"]))
      let error = await #expect(throws: StoreError.self) {
        let vanished = StoreError(.message, .gone, "the file vanished")
        try await delivery.add(Self.letter(2), PiecedContent(["b"], announced: 9, failure: vanished))
      }
      #expect(error?.scope == .message)
      try await delivery.add(Self.letter(3), PiecedContent(["c"]))
      let results = try await delivery.commit()
      #expect(try results[1]?.get().key == .uid(7))
      #expect(results[2] == nil)
      #expect(try results[3]?.get().key == .uid(8))
    }
  }

  @Test("content that is longer than announced is never sent beyond that")
  func tooLong() async throws {
    try await ScriptedStore.play(Self.opened + "C: m3 APPEND \"INBOX\" {2+}") { world in
      let delivery = try await world.store.delivery(into: .inbox)
      let error = await #expect(throws: StoreError.self) {
        try await delivery.add(Self.letter(1), PiecedContent(["a", "bc"], announced: 2))
      }
      #expect(error?.scope == .message)
      await delivery.abandon()
    }
  }

  @Test("refused before its octets are sent costs none of them")
  func refusedEarly() async throws {
    try await ScriptedStore.play(
      Self.opened.replacing(" LITERAL+", with: "") + "C: m3 APPEND \"INBOX\" {1}\nS: m3 NO [OVERQUOTA] full"
    ) { world in
      let delivery = try await world.store.delivery(into: .inbox)
      try await delivery.add(Self.letter(1), PiecedContent(["a"]))
      guard case .failure(let error)? = try await delivery.commit()[1] else {
        Issue.record("it was not refused")
        return
      }
      #expect(error.kind == .noSpace)
    }
  }

  @Test("larger than the server takes is not even tried")
  func appendLimit() async throws {
    try await ScriptedStore.play(preauthenticated("UIDPLUS APPENDLIMIT=3")) { world in
      let delivery = try await world.store.delivery(into: .inbox)
      let error = await #expect(throws: StoreError.self) {
        try await delivery.add(Self.letter(1), PiecedContent(["four"]))
      }
      #expect(error?.kind == .noSpace)
    }
  }

  @Test("under another UIDVALIDITY than the known one is no key (L8)")
  func renumbered() async throws {
    try await ScriptedStore.play(
      Self.opened + "C: m3 APPEND \"INBOX\" {1+}\nC: a\nS: m3 OK [APPENDUID 2 1] stored"
    ) { world in
      let delivery = try await world.store.delivery(into: .inbox)
      try await delivery.add(Self.letter(1), PiecedContent(["a"]))
      let error = await #expect(throws: StoreError.self) { _ = try await delivery.commit() }
      #expect(error?.scope == .folder)
      let events = try await world.store.nextEvents()
      #expect(events == [.uncertain(.inbox)])
    }
  }
}
