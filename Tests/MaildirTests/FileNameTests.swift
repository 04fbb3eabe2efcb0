import Mail
import Maildir
import Ports
import Testing

@Suite("File names")
struct FileNameTests {
  @Test(
    "a name is read tolerantly and written in order",
    arguments: [
      ("1.M2.host", "1.M2.host", "1.M2.host"),
      ("1.host:2,", "1.host", "1.host:2,"),
      ("1.host:2,SF", "1.host", "1.host:2,FS"),
      ("1.host:2,SSFb!a", "1.host", "1.host:2,FSb!a"),
      ("1.host:2,XSaZ", "1.host", "1.host:2,SXZa"),
      ("1.host,S=3,W=4,U=5,FMD5=a:2,S", "1.host,S=3,W=4,U=5,FMD5=a", "1.host,S=3,W=4,U=5,FMD5=a:2,S"),
      ("1.host:1,x", "1.host:1,x", "1.host:1,x"),
      ("1:2:2,T", "1:2", "1:2:2,T"),
      ("1:2,S:2,F", "1", "1:2,S:2,F"),
      (":2,S", "", ":2,S"),
      ("ä:2,S", "ä", "ä:2,S"),
      ("1:2,\u{301}", "1", "1:2,\u{301}"),
    ])
  func nameIsRead(name: String, unique: String, written: String) {
    let parsed = MaildirFileName(name)
    #expect(parsed.unique == unique)
    #expect(parsed.text.utf8.elementsEqual(written.utf8))
    #expect(MaildirFileName(parsed.text) == parsed)
  }

  @Test("every set of letters is written so that it reads back", arguments: 0..<52)
  func lettersReadBack(bit: Int) throws {
    let letters = LetterSet(rawValue: 1 << UInt64(bit) | 1 << 18)
    let text = letters.text
    #expect(text.utf8.map { $0 } == text.utf8.sorted())
    #expect(MaildirFileName("x:2,\(text)").info?.letters == letters)
  }

  @Test(
    "unique names follow maildir(5), whatever the host is called",
    arguments: [
      ("mail.example", "mail.example"), ("a/b:c,d", "a\\057b\\072c\\054d"), ("", "localhost"),
      ("ä\n", "\\303\\244\\012"),
      ("..", ".."),
    ])
  func uniqueName(host: String, written: String) {
    var names = UniqueNames(host: host, processID: 42, tag: 0xABC)
    let name = names.next(at: WallTime(seconds: 1_700_000_000, microseconds: 7))
    #expect(name == "1700000000.M7P42Q1Rabc.\(written)")
    #expect(names.isOwn(name))
    #expect(names.isFresh(name))
    #expect(names.next(at: WallTime(seconds: 1, microseconds: 0)) != name)
  }

  @Test("a long host still gives a short name")
  func longHost() {
    var names = UniqueNames(host: String(repeating: "/", count: 300), processID: .max, tag: .max)
    let name = names.next(at: WallTime(seconds: .max, microseconds: 999_999))
    #expect(name.utf8.count <= 200)
  }

  @Test(
    "only names of this host's martlet are its own",
    arguments: [
      ("1.M2P3Q4Rab.h", true), ("1.M2P3Q4Rab.other", false), ("1.M2P3Q4.h", false), ("1.M2P3_4.h", false),
      ("1.M2P3Q4RABC.h", false), (".M2P3Q4Rab.h", false), ("1.M2P3Q4Rab.h,S=3", false), ("", false), (".h", false),
    ])
  func ownNames(name: String, isOwn: Bool) {
    let names = UniqueNames(host: "h", processID: 9, tag: 1)
    #expect(names.isOwn(name) == isOwn)
    #expect(!names.isFresh(name))
  }
}

@Suite("Flags and keywords")
struct FlagTests {
  private func keyword(_ text: String) throws -> Keyword { try #require(Keyword(text)) }

  private func flags(_ system: SystemFlags, _ keywords: String...) throws -> FlagSet {
    FlagSet(system, keywords: try keywords.map(keyword))
  }

  private let table = KeywordTable(parsing: "0 $Junk\n1 todo\n3 $Forwarded\n4 TODO\n")

  private func letters(_ text: String) -> LetterSet { MaildirFileName("x:2,\(text)").info?.letters ?? [] }

  @Test("letters mean the system's flags, $Forwarded, and what the table says")
  func lettersMean() throws {
    #expect(
      try MaildirFlags.flags(of: letters("DFPRSTab"), table) == flags(.all, "$Forwarded", "$Junk", "todo"))
    #expect(try MaildirFlags.flags(of: letters("cdz"), table) == flags([], "$Forwarded"))
    #expect(MaildirFlags.flags(of: letters("XYZ"), table) == .none)
  }

  @Test(
    "a change touches only what it names",
    arguments: [
      ("Sz", "F", "", "FSz"), ("Sab", "", "a", "Sb"), ("Sbe", "", "b", "S"), ("Pd", "", "P", ""), ("", "P", "", "P"),
      ("d", "P", "", "d"), ("X", "S", "", "SX"), ("e", "b", "", "e"), ("S", "", "S", ""), ("FS", "F", "T", "FS"),
    ])
  func change(before: String, adding: String, removing: String, after: String) {
    let changed = MaildirFlags.change(
      letters(before), adding: MaildirFlags.flags(of: letters(adding), table),
      removing: MaildirFlags.flags(of: letters(removing), table), table)
    #expect(changed.text == after)
  }

  @Test("keywords are translated between folders, and unknown letters left behind")
  func translate() throws {
    var other = KeywordTable(parsing: "0 first\n")
    #expect(other.add(try keyword("$Junk"), lettersInUse: []))
    #expect(MaildirFlags.translate(letters("FSXaz"), from: table, to: other).text == "FSXb")
  }

  @Test("a letter is never given a second meaning")
  func lettersAreNotReused() throws {
    var gap = KeywordTable(parsing: "0 a\n2 c\nnot a line\n5 b(ad\n")
    #expect(gap.add(try keyword("new"), lettersInUse: letters("Sh")))
    #expect(gap.indices(of: try keyword("NEW")) == [8])
    #expect(gap.text == "0 a\n2 c\nnot a line\n5 b(ad\n8 new\n")
    #expect(KeywordTable(parsing: gap.text) == gap)
    // A number is given away, and a line stays one, also where the keyword is none: an accent behind the space, a line
    // separator.
    var odd = KeywordTable(parsing: "0 a\r\n1 \u{301}x\n2 b\u{2028}c\n")
    let added = odd.add(try #require(Keyword("new")), lettersInUse: [])
    #expect(added && odd.text == "0 a\n1 \u{301}x\n2 b\u{2028}c\n3 new\n")
  }

  @Test("beyond 26 keywords the rest has no letter")
  func lettersRunOut() throws {
    var table = KeywordTable()
    for number in 0..<26 { #expect(table.add(try keyword("k\(number)"), lettersInUse: [])) }
    #expect(!table.add(try keyword("one-more"), lettersInUse: []))
    let isForwardedHeld = table.add(.forwarded, lettersInUse: [])
    #expect(isForwardedHeld)
    #expect(MaildirFlags.letters(for: try flags([], "k25", "one-more"), table).text == "z")
  }
}
