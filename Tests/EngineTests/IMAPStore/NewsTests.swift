import IMAP
import Mail
import Ports
import Reconciliation
import Testing

@testable import Engine

@Suite("What a server tells of its own accord")
struct NewsTests {
  @Test("before it shows how a message is marked is no change of that, and of others it is news (L6)")
  func toldMeanwhile() async throws {
    try await ScriptedStore.play(
      preauthenticated("") + """
        C: m2 SELECT "INBOX"
        C: m3 UID FETCH 1:* \(LookTests.traits)
        S: * 3 EXISTS
        S: * OK [PERMANENTFLAGS (\\Seen \\Flagged \\*)] ok
        S: * OK [UIDVALIDITY 1] ok
        S: * OK [UIDNEXT 4] ok
        S: m2 OK done
        S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 1)
        S: * 2 FETCH (UID 2 FLAGS () RFC822.SIZE 1)
        S: * 3 FETCH (UID 3 FLAGS () RFC822.SIZE 1)
        S: m3 OK done
        C: m4 UID STORE 1 +FLAGS.SILENT (\\Seen)
        S: * 1 FETCH (UID 1 FLAGS (\\Flagged))
        S: m4 OK done
        C: m5 UID FETCH 1 (UID FLAGS)
        S: * 1 FETCH (UID 1 FLAGS (\\Flagged \\Seen))
        S: * 2 FETCH (UID 2 FLAGS (\\Flagged))
        S: * VANISHED 3
        S: m5 OK done

        """
    ) { world in
      #expect(try await world.wide().present.count == 3)
      let shown = try await world.store.update(
        [FlagChange(key: .uid(1), adding: FlagSet(.seen), removing: .none)], in: .inbox
      ).shown
      #expect(shown == [.uid(1): FlagSet([.flagged, .seen])])
      let look = try await world.store.look(at: .inbox, .pending)
      #expect(look.present == [.uid(2): Observation(flags: FlagSet(.flagged))])
      #expect(look.gone == [.uid(3)])
    }
  }

  @Test("of a new message otherwise than another connection shows it is looked at once more (L6)")
  func contradiction() async throws {
    try await ScriptedStore.play(
      preauthenticated("IDLE") + """
        C: m2 SELECT "INBOX"
        C: m3 UID FETCH 1:* \(LookTests.traits)
        S: * 0 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: * OK [UIDNEXT 1] ok
        S: m2 OK done
        S: m3 OK done
        C: m4 NOOP
        C: m5 IDLE
        S: m4 OK done
        S: + idling
        -
        S: * 1 EXISTS
        S: * 1 FETCH (UID 1 FLAGS (\\Seen))
        C: DONE
        C: m6 UID FETCH 1:* \(LookTests.traits)
        S: m5 OK done
        S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 9)
        S: m6 OK done

        """
    ) { world in
      _ = try await world.wide()
      _ = try await world.store.watch([.inbox])
      await world.streams[0].proceed()
      #expect(try await world.store.nextEvents() == [.changed(.inbox)])
      let look = try await world.store.look(at: .inbox, .pending)
      #expect(look.present.mapValues(\.flags) == [.uid(1): FlagSet.none])
      #expect(try await world.store.nextEvents() == [.changed(.inbox)])
      #expect(world.store.memories[.inbox]?.isHinted == true)
    }
  }

  @Test("of more messages than can be kept is no listing (L12)")
  func flood() {
    var listing = MessageListing(messagesMax: 2)
    func show(_ number: UInt32) {
      var response = FetchResponse(sequenceNumber: number)
      response.uid = UID(rawValue: number)
      response.flags = FlagSet.none
      _ = listing.take(.fetch(response))
    }
    for number: UInt32 in [1, 2, 1] { show(number) }
    #expect(!listing.isFlooded)
    show(3)
    #expect(listing.isFlooded)
    #expect(listing.present.count == 2)
  }

  @Test(
    "of far more messages than there are is none, nor one with more to each than can be kept (L12)", arguments: [1, 3])
  func madeUp(exists: Int) throws {
    var listing = MessageListing()
    listing.expect(exists)
    let keywords = try (0..<64).map { try #require(Keyword("k\($0)" + String(repeating: "x", count: 200))) }
    func show(_ number: UInt32, _ flags: FlagSet) {
      var response = FetchResponse(sequenceNumber: number)
      response.uid = UID(rawValue: number)
      response.flags = flags
      _ = listing.take(.fetch(response))
    }
    let most = 2 * exists + MessageListing.surplusMax
    for number in 1...most { show(UInt32(number), .none) }
    #expect(!listing.isFlooded)
    show(UInt32(most + 1), .none)
    #expect(listing.isFlooded)
    listing = MessageListing()
    let flags = FlagSet([], keywords: keywords)
    for _ in 0..<(MessageListing.octetsMax / flags.keywordOctets) { show(1, flags) }
    #expect(!listing.isFlooded)
    show(1, flags)
    #expect(listing.isFlooded)
  }

  @Test("of more that is gone than can be kept is none (L12)")
  func vanishedFlood() {
    var listing = MessageListing()
    let most = UInt32(MessageListing.vanishedMax)
    // Every other one, so that none makes one range with another.
    func other(_ number: UInt32) -> UIDSet { UIDSet([UID(rawValue: 2 * number)].compactMap(\.self)) }
    _ = listing.take(.vanished(UIDSet((1..<most).lazy.compactMap { UID(rawValue: 2 * $0) }), isEarlier: true))
    _ = listing.take(.vanished(other(most), isEarlier: false))
    #expect(!listing.isFlooded)
    #expect(listing.vanished.ranges.count == MessageListing.vanishedMax)
    _ = listing.take(.vanished(other(most + 1), isEarlier: false))
    #expect(listing.isFlooded)
    #expect(listing.vanished.ranges.count == MessageListing.vanishedMax)
  }

  @Test("of what is gone costs what is said, and not what is there (L12)", .timeLimit(.minutes(1)))
  func vanishedAgain() {
    var listing = MessageListing()
    func show(_ number: UInt32, _ flags: FlagSet?) {
      var response = FetchResponse(sequenceNumber: number)
      response.uid = UID(rawValue: number)
      response.flags = flags
      _ = listing.take(.fetch(response))
    }
    for number: UInt32 in 1...50_000 { show(number, FlagSet.none) }
    show(60_001, nil)
    show(60_002, nil)
    for _ in 0..<20_000 { _ = listing.take(.vanished(UIDSet(4_000_000_000...4_294_967_295), isEarlier: false)) }
    #expect(listing.present.count == 50_000)
    _ = listing.take(.vanished(UIDSet(3...60_001), isEarlier: false))
    show(5, FlagSet.none)
    listing.setAside(7, because: "it is gone")
    listing.setAside(2, because: "refused")
    #expect(listing.present.keys.map { $0 } == [1])
    #expect(listing.flagless == [60_002] && listing.refused.keys.map { $0 } == [2])
    #expect(listing.shown == [1, 2, 60_002])
    #expect(listing.vanished.ranges == [3...60_001, 4_000_000_000...4_294_967_295])
  }

  @Test("of as many as the folder had is a listing, though most of them went meanwhile")
  func emptiedMeanwhile() {
    var listing = MessageListing()
    func show(_ numbers: ClosedRange<UInt32>) {
      for number in numbers {
        var response = FetchResponse(sequenceNumber: number)
        response.uid = UID(rawValue: number)
        response.flags = FlagSet.none
        _ = listing.take(.fetch(response))
      }
    }
    listing.expect(2_000)
    show(1...2_000)
    _ = listing.take(.vanished(UIDSet(1...2_000), isEarlier: false))
    listing.expect(0)
    show(2_001...2_100)
    #expect(!listing.isFlooded && listing.present.count == 100)
  }

  @Test("that something came is answered by one FETCH, with QRESYNC too, and what was told besides stays true")
  func arrival() async throws {
    try await ScriptedStore.play(
      preauthenticated("ENABLE QRESYNC IDLE") + """
        C: m3 SELECT "INBOX" (QRESYNC (1 5))
        C: m4 UID FETCH 3:* \(LookTests.traits)
        S: * 2 EXISTS
        S: * OK [UIDVALIDITY 1] ok
        S: * OK [UIDNEXT 3] ok
        S: * OK [HIGHESTMODSEQ 5] ok
        S: m3 OK done
        S: * 2 FETCH (UID 2 FLAGS () RFC822.SIZE 7 MODSEQ (4))
        S: m4 OK done
        C: m5 NOOP
        C: m6 IDLE
        S: m5 OK done
        S: + idling
        -
        S: * VANISHED 1
        S: * 1 FETCH (UID 2 FLAGS (\\Seen) MODSEQ (7))
        S: * 2 EXISTS
        C: DONE
        C: m7 UID FETCH 3:* \(LookTests.traits)
        S: m6 OK done
        S: * 2 FETCH (UID 3 FLAGS (\\Flagged) RFC822.SIZE 9 MODSEQ (8))
        S: m7 OK done

        """
    ) { world in
      _ = try await world.wide(since: MailboxCheckpoint(next: 3, modSeq: 5, count: 2))
      _ = try await world.store.watch([.inbox])
      await world.streams[0].proceed()
      #expect(try await world.store.nextEvents() == [.changed(.inbox)])
      let look = try await world.store.look(at: .inbox, .pending)
      #expect(look.coverage == .changes && look.checkpoint == nil)
      #expect(look.gone == [.uid(1)])
      #expect(look.present.mapValues(\.flags) == [.uid(2): FlagSet(.seen), .uid(3): FlagSet(.flagged)])
      #expect(look.present[.uid(3)]?.traits?.wireSize == 9)
    }
  }
}
