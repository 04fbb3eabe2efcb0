import IMAP
import Mail
import Reconciliation
import Testing

@testable import Engine

@Suite("What a mailbox tells unasked")
struct MailboxNewsTests {
  private static func fetch(_ uid: UID?, _ flags: FlagSet?, size: Int? = nil) -> Untagged {
    var response = FetchResponse(sequenceNumber: 1)
    response.uid = uid
    response.flags = flags
    response.size = size
    return .fetch(response)
  }

  private static func mailbox(_ heard: [Untagged]) -> MailboxState {
    var state = MailboxState(name: .inbox, isReadOnly: false)
    state.hear(.exists(3))
    state.opened(nil)
    for untagged in heard { state.hear(untagged) }
    return state
  }

  @Test("opening a mailbox is no news")
  func opened() { #expect(Self.mailbox([]).news.isEmpty) }

  @Test("flags and the gone are the whole truth")
  func told() {
    let news = Self.mailbox([Self.fetch(2, FlagSet([.seen])), .vanished([1], isEarlier: false)]).news
    #expect(news.isComplete)
    #expect(news.flags == [2: FlagSet([.seen])])
    #expect(news.vanished == [1])
  }

  @Test("what came and was told with its traits is the whole truth; a mere EXISTS is not")
  func arrivals() {
    #expect(Self.mailbox([.exists(4), Self.fetch(9, FlagSet.none, size: 7)]).news.isComplete)
    #expect(!Self.mailbox([.exists(4)]).news.isComplete)
    #expect(!Self.mailbox([.exists(5), Self.fetch(9, FlagSet.none, size: 7)]).news.isComplete)
  }

  /// What names no message: only a wide look tells.
  static let vagueWords: [Untagged] = [
    .expunge(1), fetch(nil, FlagSet([.seen])), .unreadable(name: "FETCH", excerpt: "?"), .exists(2),
  ]

  @Test("what names no message is uncertain", arguments: vagueWords.indices)
  func vague(index: Int) { #expect(Self.mailbox([Self.vagueWords[index]]).news.isUncertain) }

  @Test("that nothing is left is uncertain: the mailbox itself may be gone (L8)")
  func emptied() {
    #expect(Self.mailbox([.vanished([1, 2], isEarlier: false)]).news.isComplete)
    #expect(Self.mailbox([.vanished([1, 2, 3], isEarlier: false)]).news.isUncertain)
  }

  @Test("its view goes as far as what was shown or was there at SELECT, and by what EXISTS told")
  func view() {
    var state = MailboxState(name: .inbox, isReadOnly: false)
    state.hear(.exists(3))
    state.hear(.ok(ResponseText(code: .uidNext(7))))
    state.opened(nil)
    #expect(state.shows(.known([6])) && !state.shows(.known([7])) && !state.shows(.latest))
    state.hear(Self.fetch(9, FlagSet.none), isAsked: true)
    #expect(state.shows(.known([3, 9])) && !state.shows(.known([3, 10])) && !state.shows(.arrived([9])))
    #expect(!state.shows(.arrivals(0)) && !state.shows(.arrivals(1)))
    state.hear(.exists(5))
    #expect(state.shows(.arrivals(2)) && !state.shows(.arrivals(3)))
    state.arrivalsAreAskedFor(from: 8)
    #expect(!state.shows(.arrivals(1)))
    #expect(state.shows(.arrived([8, 9])) && !state.shows(.arrived([7, 9])) && !state.shows(.arrived([10])))
  }

  @Test("what somebody asked for is no news, and still counts")
  func asked() {
    var state = Self.mailbox([])
    state.hear(.expunge(1), isAsked: true)
    state.hear(.vanished([2], isEarlier: false), isAsked: true)
    state.hear(Self.fetch(3, FlagSet.none), isAsked: true)
    #expect(state.news.isEmpty)
    #expect(state.exists == 1)
  }

  @Test("a message that came and went leaves only that it is gone")
  func cameAndWent() {
    let news = Self.mailbox([.exists(4), Self.fetch(9, FlagSet.none, size: 7), .vanished([9], isEarlier: false)]).news
    #expect(news.arrivals.isEmpty)
    #expect(news.isComplete)
    #expect(news.vanished == [9])
  }

  @Test("a new message's flags are those that were told last, by whichever piece of news (L6)")
  func flaggedOnArrival() {
    var news = Self.mailbox([.exists(4), Self.fetch(9, FlagSet.none, size: 7)]).news
    news.merge(Self.mailbox([Self.fetch(9, FlagSet(.flagged))]).news)
    #expect(news.arrivals[9]?.flags == FlagSet(.flagged))
    #expect(news.flags.isEmpty)
  }

  @Test("of what a look has told nothing is left")
  func toldByLook() {
    var news = Self.mailbox([.exists(4), Self.fetch(9, FlagSet.none, size: 7), Self.fetch(3, FlagSet.none)]).news
    let wasTold = news.forgetTold(of: UIDSet([3, 9]))
    #expect(wasTold)
    #expect(news.arrivals.isEmpty && news.flags.isEmpty && news.growth == 0)
    let isToldAgain = news.forgetTold(of: UIDSet([3, 9]))
    #expect(!isToldAgain)
  }

  @Test("of a message that we took away ourselves, nothing is news any more")
  func takenAway() {
    var news = Self.mailbox([
      .exists(4), Self.fetch(9, FlagSet.none, size: 7), .vanished([4, 5], isEarlier: false),
    ]).news
    #expect(news.arrivals.count == 1)
    news.forget([4, 9])
    #expect(news.arrivals.isEmpty && news.growth == 0)
    #expect(news.vanished == [5])
  }

  @Test("a flood is remembered as a flood (L12)")
  func flood() {
    var news = MailboxNews()
    for number in 1...UInt32(MailboxNews.messagesMax + 1) {
      var response = FetchResponse(sequenceNumber: 1)
      response.uid = UID(rawValue: number)
      response.flags = FlagSet.none
      news.take(response)
    }
    #expect(news.isUncertain)
    #expect(news.flags.isEmpty)
  }

  @Test("what is looked through again and again is a flood (L12)", arguments: [-1, 0, 1])
  func sweeps(_ beyond: Int) {
    var news = MailboxNews()
    for number: UInt32 in 1...1_000 {
      var response = FetchResponse(sequenceNumber: 1)
      response.uid = UID(rawValue: number)
      response.flags = FlagSet.none
      news.take(response)
    }
    for _ in 1..<(MailboxNews.sweptMax / 1_000) { news.vanish(UIDSet(10_000...20_000)) }
    news.vanish(UIDSet(10_000...10_998))
    #expect(!news.isUncertain)
    for _ in 0..<(1 + beyond) { news.vanish([10_000]) }
    #expect(news.isUncertain == (beyond > 0))
    #expect(news.flags.count == (beyond > 0 ? 0 : 1_000))
  }

  @Test("a range of all numbers costs nothing (L12)")
  func hugeRange() {
    var news = Self.mailbox([.vanished(UIDSet(1...4_294_967_295), isEarlier: false)]).news
    news.forget([5])
    #expect(!news.vanished.contains(5))
    #expect(UIDSet(1...4_294_967_295).count(below: 10) == 9)
  }
}

@Suite("Words while a SELECT is on its way")
struct SelectionTests {
  private static let other = MailboxName("Other") ?? .inbox

  private static func selected() -> Selection {
    var selection = Selection()
    selection.begin(.inbox, readOnly: false, id: 1)
    selection.hear(.exists(3), isAsked: false)
    selection.completed(1, Completion(.ok))
    return selection
  }

  @Test("are the new mailbox's")
  func new() {
    var selection = Self.selected()
    selection.begin(Self.other, readOnly: false, id: 2)
    selection.hear(.exists(7), isAsked: false)
    selection.completed(2, Completion(.ok))
    #expect(selection.current?.name == Self.other)
    #expect(selection.current?.exists == 7)
    #expect(selection.takeLeft().isEmpty)
  }

  @Test("are not where they tell of messages after a SELECT was refused: the server may still have the old one (L1)")
  func afterRefusal() {
    var selection = Self.selected()
    selection.begin(Self.other, readOnly: false, id: 2)
    selection.completed(2, Completion(.no))
    #expect(selection.current == nil)
    selection.begin(Self.other, readOnly: false, id: 3)
    #expect(selection.isLastOfOld(.vanished([2], isEarlier: false)))
    #expect(!selection.isLastOfOld(.vanished([2], isEarlier: true)))
    selection.hear(.ok(ResponseText(code: .closed)), isAsked: false)
    #expect(!selection.isLastOfOld(.vanished([2], isEarlier: false)))
    selection.completed(3, Completion(.ok))
    #expect(selection.current?.name == Self.other)
  }

  @Test("beyond a limit are not listened to (L12)")
  func flood() {
    var selection = Selection(heardMax: 2)
    selection.begin(.inbox, readOnly: false, id: 1)
    for count in 1...2 { selection.hear(.exists(count), isAsked: false) }
    #expect(!selection.isFlooded)
    selection.hear(.exists(3), isAsked: false)
    #expect(selection.isFlooded)
    selection.completed(1, Completion(.ok))
    #expect(selection.current?.exists == 2)
  }

  @Test("of more octets than a limit are not listened to (L12)")
  func octetsFlood() {
    let uids = UIDSet((1...1024).lazy.compactMap { UID(rawValue: 2 * $0) })
    let octets = uids.ranges.count * MemoryLayout<ClosedRange<UID>>.size
    var selection = Selection()
    selection.begin(.inbox, readOnly: false, id: 1)
    for _ in 0..<(Selection.octetsMax / octets) { selection.hear(.vanished(uids, isEarlier: true), isAsked: false) }
    #expect(Selection.octetsMax.isMultiple(of: octets) && !selection.isFlooded)
    // What takes nothing that is counted does not matter.
    selection.hear(.exists(7), isAsked: false)
    #expect(!selection.isFlooded)
    selection.hear(.vanished([1], isEarlier: true), isAsked: false)
    #expect(selection.isFlooded)
  }

  @Test("of two that follow one another are each one's own, and nothing is selected before the last")
  func two() {
    var selection = Self.selected()
    selection.begin(Self.other, readOnly: false, id: 2)
    selection.begin(.inbox, readOnly: false, id: 3)
    #expect(selection.nextChange == 2)
    selection.hear(.exists(7), isAsked: false)
    selection.completed(2, Completion(.ok))
    #expect(selection.nextChange == 3)
    #expect(selection.current?.exists == 7)
    selection.hear(.exists(4), isAsked: false)
    selection.completed(3, Completion(.ok))
    #expect(selection.nextChange == nil)
    #expect(selection.current?.name == .inbox)
    #expect(selection.current?.exists == 4)
  }

  @Test("are the old one's before CLOSED, and kept for it")
  func closed() {
    var selection = Self.selected()
    selection.begin(Self.other, readOnly: false, id: 2)
    selection.hear(.vanished([1], isEarlier: false), isAsked: false)
    selection.hear(.ok(ResponseText(code: .closed)), isAsked: false)
    selection.hear(.exists(7), isAsked: false)
    selection.completed(2, Completion(.ok))
    #expect(selection.current?.exists == 7)
    #expect(selection.takeLeft().map(\.news.vanished) == [[1]])
  }

  @Test("are the old one's before an older command's answer")
  func olderAnswer() {
    var selection = Self.selected()
    selection.begin(Self.other, readOnly: false, id: 3)
    selection.hear(.exists(4), isAsked: false)
    selection.completed(2, Completion(.ok))
    selection.hear(.exists(7), isAsked: false)
    selection.completed(3, Completion(.ok))
    #expect(selection.current?.exists == 7)
    #expect(selection.takeLeft().map(\.news.growth) == [1])
  }

  @Test("a refused SELECT leaves none selected, and what was heard before is kept")
  func refused() {
    var selection = Self.selected()
    selection.hear(.vanished([2], isEarlier: false), isAsked: false)
    selection.begin(Self.other, readOnly: false, id: 2)
    selection.completed(2, Completion(.no))
    #expect(selection.current == nil)
    #expect(selection.takeLeft().map(\.news.vanished) == [[2]])
  }
}

@Suite("A folder's state by STATUS")
struct FolderMemoryTests {
  private static func status(_ messages: Int?, _ next: UID?, _ modSeq: UInt64?) -> StatusResponse {
    var status = StatusResponse()
    status.messages = messages
    status.uidNext = next
    status.highestModSeq = modSeq.map { ModSequence(rawValue: $0) }
    return status
  }

  /// What STATUS says of a folder known with 2 messages, UIDNEXT 5 and 9 as its highest modification sequence.
  static let examples: [(Int?, UID?, UInt64?, Bool)] = [
    (2, 5, 9, false), (3, 5, 9, true), (2, 6, 9, true), (2, 5, 10, true), (nil, nil, 10, true), (nil, nil, 9, false),
    (nil, nil, nil, false),
  ]

  @Test("differs where it says something else, and only there", arguments: examples.indices)
  func differs(index: Int) {
    let (messages, next, modSeq, expected) = Self.examples[index]
    var memory = FolderMemory(mailbox: .inbox)
    memory.known = MailboxCheckpoint(next: 5, modSeq: 9, count: 2)
    #expect(memory.differs(from: Self.status(messages, next, modSeq)) == expected)
  }

  @Test("said twice is said once, so that a server that contradicts itself is not looked at for ever (L2)")
  func saidTwice() {
    var memory = FolderMemory(mailbox: .inbox)
    memory.known = MailboxCheckpoint(next: 5, modSeq: 9, count: 2)
    let odd = Self.status(2, 8, 9)
    #expect(memory.differs(from: odd))
    memory.toldStatus = odd
    #expect(!memory.differs(from: odd))
  }

  @Test("of a folder that nobody looked at is no base for a narrow look")
  func anchored() {
    var memory = FolderMemory(mailbox: .inbox)
    memory.listed = MailboxCheckpoint(next: 5, modSeq: 9, count: 2)
    #expect(!memory.isAnchored)
    #expect(!memory.differs(from: Self.status(2, 5, 9)))
  }

  @Test("keeps the sizes that the last look told, and none of those before: they would pile up")
  func traitsOfTheLastLook() {
    var memory = FolderMemory(mailbox: .inbox)
    let told = Observation(flags: .none, traits: MessageTraits(wireSize: 9, date: nil, messageID: nil))
    memory.remember(Look(coverage: .changes, present: [.uid(1): told, .uid(2): told]))
    #expect(Set(memory.traits.keys) == [1, 2])
    memory.remember(Look(coverage: .changes, present: [.uid(3): told, .uid(1): Observation(flags: .none)]))
    #expect(Set(memory.traits.keys) == [3])
  }
}
