import Mail
import Support
import Testing

@Suite("Flags and keywords")
struct FlagTests {
  private static func keywords(_ words: [String]) -> [Keyword] { words.compactMap { Keyword($0) } }

  @Test(
    "a keyword is an atom",
    arguments: [
      ("$Forwarded", true), ("a", true), ("work/today", true), ("}", true), ("[", true), ("+", true), ("", false),
      ("a b", false), ("a(", false), ("a)", false), ("{", false), ("%", false), ("*", false), ("\"", false),
      ("\\Seen", false), ("]", false), ("ä", false), ("a\u{7F}", false), ("a\n", false),
    ])
  func atoms(text: String, isKeyword: Bool) {
    #expect((Keyword(text) != nil) == isKeyword)
  }

  @Test("keywords are bounded in length (L12)")
  func lengths() {
    #expect(Keyword(String(repeating: "k", count: Keyword.lengthMax)) != nil)
    #expect(Keyword(String(repeating: "k", count: Keyword.lengthMax + 1)) == nil)
  }

  @Test("two spellings in different case are one keyword, shown as first written")
  func spellings() throws {
    let first = try #require(Keyword("$FORWARDED"))
    #expect(first == .forwarded && first.hashValue == Keyword.forwarded.hashValue)
    #expect(first.text == "$FORWARDED" && "\(first)" == "$FORWARDED")
    var flags = FlagSet(keywords: [first])
    flags.insert(.forwarded)
    #expect(flags.keywords.map(\.text) == ["$FORWARDED"])
    #expect(FlagSet(keywords: [first, .forwarded]).union(FlagSet(keywords: [.forwarded])) == flags)
    #expect(FlagSet(keywords: [first, .forwarded]).keywords.map(\.text) == ["$FORWARDED"])
    flags.remove(.forwarded)
    #expect(flags.isEmpty)
  }

  @Test("sets of flags behave as sets (L6)", arguments: 1...30 as ClosedRange<UInt64>)
  func agreesWithTheModel(seed: UInt64) throws {
    var random = Dice(seed: seed)
    let words = ["a", "B", "b", "C", "$Label1", "$label1", "z"]
    for _ in 0..<50 {
      let bits = (0..<2).map { _ in SystemFlags(rawValue: .random(in: 0...31, using: &random)) }
      let texts = (0..<2).map { _ in words.shuffled(using: &random).prefix(.random(in: 0...4, using: &random)) }
      let left = FlagSet(bits[0], keywords: Self.keywords(Array(texts[0])))
      let right = FlagSet(bits[1], keywords: Self.keywords(Array(texts[1])))
      let leftModel = Set(texts[0].map { $0.lowercased() })
      let rightModel = Set(texts[1].map { $0.lowercased() })
      for (result, system, model) in [
        (left, bits[0], leftModel),
        (left.union(right), bits[0].union(bits[1]), leftModel.union(rightModel)),
        (left.subtracting(right), bits[0].subtracting(bits[1]), leftModel.subtracting(rightModel)),
        (left.intersection(right), bits[0].intersection(bits[1]), leftModel.intersection(rightModel)),
      ] {
        #expect(result.system == system)
        #expect(result.keywords.map(\.folded) == model.sorted(), "ascending and distinct")
        #expect(result.isEmpty == (system.isEmpty && model.isEmpty))
        #expect(Self.keywords(words).allSatisfy { result.contains($0) == model.contains($0.folded) })
      }
      let again = FlagSet(bits[0], keywords: Self.keywords(texts[0].reversed()))
      #expect(again == left && again.hashValue == left.hashValue, "the order of coming does not matter")
    }
  }

  @Test("many keywords are joined and told apart in the time of their number (L12)", .timeLimit(.minutes(1)))
  func manyKeywords() {
    func named(_ numbers: some Sequence<Int>) -> FlagSet {
      FlagSet(keywords: Self.keywords(numbers.map { "k\($0)" }))
    }
    let count = 30_000
    let (even, odd) = (named((0..<count).lazy.map { 2 * $0 }), named((0..<count).reversed().lazy.map { 2 * $0 + 1 }))
    let all = even.union(odd)
    #expect(all.keywords.count == 2 * count)
    #expect(all.subtracting(even) == odd && all.intersection(even) == even)
  }

  @Test("flags are written as FLAGS shows them")
  func written() {
    let flags = FlagSet([.seen, .draft], keywords: Self.keywords(["z", "$Forwarded"]))
    #expect(flags.description == "\\Seen \\Draft $Forwarded z")
    #expect(FlagSet.none.description.isEmpty && FlagSet.none.isEmpty)
    #expect(FlagSet(.all).description == "\\Answered \\Flagged \\Deleted \\Seen \\Draft")
  }
}
