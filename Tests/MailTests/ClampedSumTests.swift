import Mail
import Testing

@Suite("Sums of what strangers say (law L12)")
struct ClampedSumTests {
  @Test("stay numbers, however many messages have the largest size", arguments: [8_191, 8_192, 8_193])
  func sizes(_ count: Int) {
    let sum = Array(repeating: 1 << 50, count: count).clampedSum()
    #expect(sum == (count < 8_192 ? count << 50 : .max))
  }

  @Test(
    "are exact as long as they are numbers, and the nearest number beyond",
    arguments: [
      (1, 2, 3), (Int.max - 1, 1, Int.max), (Int.max, 1, Int.max), (Int.min, -1, Int.min), (Int.max, -1, Int.max - 1),
    ])
  func both(_ left: Int, _ right: Int, _ sum: Int) {
    #expect(left.addingClamped(right) == sum && right.addingClamped(left) == sum)
  }
}
