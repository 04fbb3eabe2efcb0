import Mail
import Support
import Testing

@Suite("Sets of UIDs")
struct UIDSetTests {
  /// Where the generated sets lie: at the low end, somewhere, and at the high end, where arithmetic could overflow.
  private static let origins: [UInt32] = [1, 1000, .max - 40]

  @Test("a set behaves as a set of numbers", arguments: 1...40 as ClosedRange<UInt64>)
  func agreesWithTheModel(seed: UInt64) throws {
    var random = Dice(seed: seed)
    let origin = try #require(Self.origins.randomElement(using: &random))
    func uid(_ offset: UInt32) throws -> UID { try #require(UID(rawValue: origin + offset)) }
    var set = UIDSet()
    var model: Set<UInt32> = []
    for _ in 0..<120 {
      let low = UInt32.random(in: 0...40, using: &random)
      switch Int.random(in: 0...9, using: &random) {
      case 0...2:
        set.insert(try uid(low))
        model.insert(origin + low)
      case 3...4:
        let high = UInt32.random(in: low...min(low + 8, 40), using: &random)
        set.insert(try uid(low)...uid(high))
        model.formUnion(origin + low...origin + high)
      case 5:
        let offsets = (0..<3).map { _ in UInt32.random(in: 0...40, using: &random) }
        set.formUnion(UIDSet(try offsets.map(uid)))
        model.formUnion(offsets.map { origin + $0 })
      default:
        set.remove(try uid(low))
        model.remove(origin + low)
      }
      try Self.expect(set, toBe: model, around: origin)
    }
  }

  private static func expect(_ set: UIDSet, toBe model: Set<UInt32>, around origin: UInt32) throws {
    let sorted = model.sorted()
    #expect(set.map(\.rawValue) == sorted)
    #expect(set.count == sorted.count && set.isEmpty == sorted.isEmpty)
    #expect(set.first?.rawValue == sorted.first && set.last?.rawValue == sorted.last)
    for raw in origin...origin + 40 {
      #expect(set.contains(try #require(UID(rawValue: raw))) == model.contains(raw))
    }
    for (left, right) in zip(set.ranges, set.ranges.dropFirst()) {
      #expect(UInt64(left.upperBound.rawValue) + 1 < UInt64(right.lowerBound.rawValue), "ranges apart, ascending")
    }
    #expect(set == UIDSet(try sorted.shuffled().map { try #require(UID(rawValue: $0)) }), "one shape for one set")
  }

  @Test("chunks are the set in order, full but for the last", arguments: 1...20 as ClosedRange<UInt64>)
  func chunks(seed: UInt64) throws {
    var random = Dice(seed: seed)
    let origin = try #require(Self.origins.randomElement(using: &random))
    let set = UIDSet(
      try (0..<30).map { _ in try #require(UID(rawValue: origin + .random(in: 0...40, using: &random))) })
    let limit = Int.random(in: 1...12, using: &random)
    let chunks = set.chunks(of: limit)
    #expect(chunks.flatMap(Array.init) == Array(set))
    #expect(chunks.dropLast().allSatisfy { $0.count == limit })
    #expect((1...limit).contains(try #require(chunks.last).count))
  }

  @Test("a set is part of another where each of its ranges is part of one")
  func parts() {
    let set: UIDSet = [2, 3, 4, 7]
    #expect([[], [2], [3, 4], [2, 3, 4, 7]].allSatisfy { (part: UIDSet) in part.isSubset(of: set) })
    #expect(![[1], [1, 2], [4, 5], [6, 7], [2, 9]].contains { (part: UIDSet) in part.isSubset(of: set) })
    #expect(!UIDSet(2...7).isSubset(of: set) && !set.isSubset(of: []))
  }

  @Test("many ranges are joined in the time of their number, whatever their order (L12)", .timeLimit(.minutes(1)))
  func manyRanges() {
    func odd(from start: UInt32) -> UIDSet {
      UIDSet((0..<500_000).lazy.compactMap { UID(rawValue: start + 2 * $0) })
    }
    var set = odd(from: 2_000_001)
    for start: UInt32 in [1, 1_000_001] { set.formUnion(odd(from: start)) }
    #expect(set.ranges.count == 1_500_000)
    #expect(set.first == 1 && set.last == 2_999_999)
  }

  @Test("a range of all UIDs is cut, counted and walked without overflow")
  func everything() throws {
    let all = UIDSet(UID.first...UID.last)
    #expect(all.count == Int(UInt32.max) && all.contains(.last))
    let halves = all.chunks(of: 1 << 31)
    #expect(halves.map(\.description) == ["1:2147483648", "2147483649:4294967295"])
    #expect(UIDSet().chunks(of: 3).isEmpty)
    var end: UIDSet = [UID.last]
    #expect(Array(end) == [UID.last])
    end.insert(UID.last)
    end.remove(.last)
    #expect(end.isEmpty)
  }

  @Test(
    "a set is written as IMAP's sequence-set",
    arguments: [
      ([], ""), ([7], "7"), ([1, 2, 3, 7], "1:3,7"), ([9, 1, 8], "1,8:9"), ([4_294_967_295, 1], "1,4294967295"),
    ] as [(UIDSet, String)])
  func written(set: UIDSet, text: String) {
    #expect(set.description == text)
  }

  @Test("a UID is never zero, and the last has no next")
  func uids() {
    #expect(UID(rawValue: 0) == nil)
    #expect(UID.last.next == nil)
    #expect(UID.first.next == 2)
    #expect(ModSequence.none < ModSequence(rawValue: 1))
  }
}
