import Mail
import Support
import Testing

@Suite("Sets of UIDs that grow line after line")
struct GrowingUIDSetTests {
  @Test("are the sets that they are made of, whatever the order", arguments: 1...20 as ClosedRange<UInt64>)
  func agreesWithTheModel(seed: UInt64) throws {
    var random = Dice(seed: seed)
    var growing = GrowingUIDSet()
    var model = UIDSet()
    for _ in 0..<200 {
      let low = UInt32.random(in: 1...60, using: &random)
      let range =
        try #require(UID(rawValue: low))...(try #require(UID(rawValue: low + .random(in: 0...3, using: &random))))
      if Int.random(in: 0...4, using: &random) == 0 {
        growing.remove(range.lowerBound)
        model.remove(range.lowerBound)
      } else {
        growing.formUnion(UIDSet(range))
        model.insert(range)
      }
      #expect(growing.joined == model && growing.isEmpty == model.isEmpty)
      #expect(growing.rangeCount >= model.ranges.count)
      for uid in UIDSet(1...70) { #expect(growing.contains(uid) == model.contains(uid)) }
    }
    var other = GrowingUIDSet()
    for uid in model { other.formUnion([uid]) }
    #expect(other == growing)
    growing.formUnion(UIDSet())
    #expect(growing.joined == model)
  }

  @Test("keep little beside much, and join it with its like")
  func shape() {
    var growing = GrowingUIDSet()
    let much: UIDSet = [1, 3, 5, 7, 9, 11, 13, 15]
    growing.formUnion(much)
    for _ in 0..<3 { growing.formUnion([7]) }
    #expect(growing.rangeCount == 9 && growing.joined == much)
    growing.formUnion([1, 3, 5, 9])
    #expect(growing.rangeCount == 8 && growing.joined == much)
  }

  @Test("take the time of what comes, and not of all that has come (L12)", .timeLimit(.minutes(1)))
  func manyRanges() throws {
    var growing = GrowingUIDSet()
    for number in (1...50_000 as ClosedRange<UInt32>).reversed() {
      growing.formUnion([try #require(UID(rawValue: 2 * number))])
      if number % 16 == 0 { #expect(growing.contains(100_000)) }
    }
    #expect(growing.joined.ranges.count == 50_000)
  }
}
