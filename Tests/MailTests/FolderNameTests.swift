import Mail
import Support
import Testing

@Suite("Folder names")
struct FolderNameTests {
  @Test(
    "components are written with / between them and escaped within",
    arguments: [
      (["A", "B"], "A/B"), (["a/b", "c"], "a%2Fb/c"), (["100%"], "100%"), (["a%2Fb"], "a%252Fb"),
      (["a%25b"], "a%2525b"), (["%2F/%25"], "%252F%2F%2525"), (["%"], "%"), (["Entwürfe", "日本"], "Entwürfe/日本"),
      ([" "], " "), (["a.b", ".."], "a.b/.."), (["%252F"], "%25252F"), (["%2"], "%2"), (["%2f"], "%2f"),
    ])
  func writing(components: [String], text: String) throws {
    let name = try #require(FolderName(components: components))
    #expect(name.description == text)
    #expect(FolderName(text) == name)
    #expect(FolderName(text)?.components == components)
  }

  @Test("any components come back from their written form", arguments: 1...30 as ClosedRange<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = Dice(seed: seed)
    let pieces = ["%", "2", "F", "5", "/", "%2F", "%25", "a", "ä", "f", "."]
    for _ in 0..<200 {
      let components = (0..<Int.random(in: 1...3, using: &random)).map { _ in
        (0..<Int.random(in: 1...6, using: &random)).compactMap { _ in pieces.randomElement(using: &random) }.joined()
      }
      let name = try #require(FolderName(components: components))
      #expect(FolderName(name.description)?.components == components, "\(name)")
    }
  }

  @Test("INBOX is INBOX in any case, as the first component only")
  func inbox() throws {
    for text in ["INBOX", "inbox", "InBox"] {
      #expect(FolderName(text) == .inbox)
      #expect(try #require(FolderName(text + "/x")).components == ["INBOX", "x"])
    }
    #expect(try #require(FolderName("x/inbox")).components == ["x", "inbox"])
    #expect(FolderName("INBOX2")?.isInbox == false)
    #expect(FolderName("INBOX/x")?.isInbox == false)
    // The Turkish dotless i is another letter.
    #expect(FolderName("ınbox")?.isInbox == false)
  }

  @Test("names that look the same are two where their bytes differ, also behind a slash")
  func exactness() throws {
    let (composed, decomposed) = (try #require(FolderName("A/\u{E9}")), try #require(FolderName("A/e\u{301}")))
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed]).count == 2)
    #expect(decomposed < composed)
    #expect(FolderName("A/\u{301}b")?.components == ["A", "\u{301}b"])
  }

  @Test("what names no folder is none", arguments: ["", "/", "/a", "a/", "a//b", "a\0b"])
  func impossible(text: String) {
    #expect(FolderName(text) == nil)
  }

  @Test("names are bounded in depth and length (L12)")
  func bounds() {
    let part = ["a"]
    #expect(FolderName(components: []) == nil)
    #expect(FolderName(components: [""]) == nil)
    #expect(FolderName(components: Array(repeating: "a", count: FolderName.depthMax)) != nil)
    #expect(FolderName(components: Array(repeating: "a", count: FolderName.depthMax + 1)) == nil)
    #expect(FolderName(components: part + [String(repeating: "b", count: FolderName.lengthMax - 3)]) != nil)
    #expect(FolderName(components: part + [String(repeating: "b", count: FolderName.lengthMax - 2)]) == nil)
  }

  @Test("a parent is the name without its last component; order goes by components")
  func order() throws {
    let name = try #require(FolderName("a/b/c"))
    #expect(name.parent == FolderName("a/b"))
    #expect(FolderName("a")?.parent == nil)
    let names = ["a", "a/b", "a b", "b"].compactMap { FolderName($0) }
    #expect(names.shuffled().sorted() == names)
  }
}
