import Mail
import Reconciliation
import Testing

@Suite("Matching without a base")
struct MatchingTests {
  private static let date = InternalDate(secondsSince1970: 7)

  private func digest(_ byte: UInt8) -> MessageDigest? { MessageDigest(bytes: Array(repeating: byte, count: 32)) }

  private func near(_ name: String, size: Int = 10, id: String? = "<a>", digest: MessageDigest? = nil) -> Candidate {
    Candidate(key: .file(name), wireSize: size, messageID: id, date: Self.date, digest: digest)
  }

  private func far(_ uid: UID, size: Int = 10, id: String? = "<a>", digest: MessageDigest? = nil) -> Candidate {
    Candidate(key: .uid(uid), wireSize: size, messageID: id, date: Self.date, digest: digest)
  }

  @Test("believes Message-ID, size and date together, where only one message on each side has them")
  func uniqueTraits() {
    let matching = Matching(near: [near("x"), near("y", id: "<b>")], far: [far(1), far(2, id: "<c>")])
    #expect(matching.matched == [.init(near: .file("x"), far: .uid(1))])
    #expect(matching.undecided == Sides(near: [], far: []))
  }

  @Test("lets digests decide between messages of equal traits")
  func equalTraits() {
    let undecided = Matching(near: [near("x"), near("y")], far: [far(1), far(2)])
    #expect(undecided.matched.isEmpty)
    #expect(undecided.undecided == Sides(near: [.file("x"), .file("y")], far: [.uid(1), .uid(2)]))
    let decided = Matching(
      near: [near("x", digest: digest(1)), near("y", digest: digest(2))],
      far: [far(1, digest: digest(2)), far(2, digest: digest(3))])
    #expect(decided.matched == [.init(near: .file("y"), far: .uid(1))])
    #expect(decided.undecided == Sides(near: [], far: []))
  }

  @Test("lets digests decide between two of one Message-ID and size where the dates differ (L3)")
  func otherDate() {
    let later = Candidate(
      key: .uid(1), wireSize: 10, messageID: "<a>", date: InternalDate(secondsSince1970: 8))
    let matching = Matching(near: [near("x")], far: [later])
    #expect(matching.matched.isEmpty)
    #expect(matching.undecided == Sides(near: [.file("x")], far: [.uid(1)]))
  }

  @Test("does not believe traits without a Message-ID")
  func noMessageID() {
    let matching = Matching(near: [near("x", id: nil)], far: [far(1, id: nil)])
    #expect(matching.matched.isEmpty)
    #expect(matching.undecided.near == [.file("x")])
  }

  @Test("lets digests decide where only the sizes differ, as a mail reader's header lines make them (L3)")
  func sameMessageID() {
    let undecided = Matching(near: [near("x", size: 30, digest: digest(1))], far: [far(1), far(2, id: "<b>")])
    #expect(undecided.matched.isEmpty)
    #expect(undecided.undecided == Sides(near: [], far: [.uid(1)]))
    let decided = Matching(near: [near("x", size: 30, digest: digest(1))], far: [far(1, digest: digest(2))])
    #expect(decided.matched.isEmpty)
    #expect(decided.undecided == Sides(near: [], far: []))
  }

  @Test("pairs equal messages one to one, however many there are (L3)")
  func duplicates() {
    let matching = Matching(
      near: [near("x", digest: digest(1)), near("y", digest: digest(1))],
      far: [far(1, digest: digest(1)), far(2, digest: digest(1)), far(3, digest: digest(1))])
    #expect(matching.matched == [.init(near: .file("x"), far: .uid(1)), .init(near: .file("y"), far: .uid(2))])
  }

  @Test("asks for the digests of messages that have one name, whatever their sizes: a mail reader added to one (L3)")
  func savedAnew() {
    let doubtful = Matching(near: [near("x", size: 30, digest: digest(1))], far: [far(1), far(2, id: "<b>")])
    #expect(doubtful.matched.isEmpty)
    #expect(doubtful.undecided == Sides(near: [], far: [.uid(1)]))
    let decided = Matching(near: [near("x", size: 30, digest: digest(1))], far: [far(1, digest: digest(1))])
    #expect(decided.matched == [.init(near: .file("x"), far: .uid(1))])
  }
}
