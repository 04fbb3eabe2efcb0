import Configuration
import Mail
import Testing

@Suite("Which folders, and under which names")
struct FolderRulesTests {
  private static func name(_ text: String) throws -> FolderName { try #require(FolderName(text)) }

  private static let gmail = "rename = { \"[Gmail]/Sent Mail\" = \"Sent\", \"[Gmail]/*\" = \"*\" }"
  private static let courier = "rename = { \"INBOX/*\" = \"*\" }"

  @Test(
    "wildcards are IMAP's",
    arguments: [
      ("*", "A/B/C", true), ("%", "A", true), ("%", "A/B", false), ("A/%", "A/B", true), ("A/%", "A/B/C", false),
      ("A/*", "A/B/C", true), ("A/*", "A", false), ("A*", "A", true), ("*/C", "A/B/C", true), ("%/C", "A/B/C", false),
      ("A%*C", "A/B/C", true), ("a", "A", false), ("A", "A/B", false), ("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaa", false),
      ("inbox", "INBOX", true), ("Inbox/*", "inbox/x", true), ("INBOX", "INBOX/x", false), ("inbo%", "INBOX", false),
      ("inbox*", "INBOX", true), ("Inbox%", "INBOX", true), ("inBOX*", "inbox/x", true), ("inbox*", "inbox-old", true),
      ("INBOX*", "inbox-old", false), ("inbox*", "INBOX-old", false), ("INBO%", "INBOX", true),
      ("Entw%", "Entwürfe", true), ("a%2Fb", "a%2Fb", true), ("[x].(y)", "[x].(y)", true),
      ("/^Archive/20/", "Archive/2024", true), ("/^Archive/20/", "Old/Archive/20", false), ("/a|b$/", "xb", true),
      ("/^(?i)lists\\//", "LISTS/x", true),
    ])
  func patterns(pattern: String, folder: String, isExcluded: Bool) throws {
    let rules = try Fixture.rules("exclude = ['\(pattern)']")
    let name = try Self.name(folder)
    #expect((rules.verdict(remote: name) != .included) == isExcluded)
    // The same pattern, let in.
    #expect((try Fixture.rules("include = ['\(pattern)']").verdict(remote: name) == .included) == isExcluded)
  }

  @Test("thousands of renames are read in a moment", .timeLimit(.minutes(1)))
  func manyRenames() throws {
    let renames = (0..<15_000).map { "\"a\($0)\" = \"b\($0)\"\n" }.joined()
    let rules = try Fixture.rules("[accounts.a.folders.rename]\n" + renames)
    #expect(rules.localName(forRemote: try Self.name("a14999")) == (try Self.name("b14999")))
  }

  @Test("exclude wins over include, and both say why")
  func verdicts() throws {
    let rules = try Fixture.rules("include = [\"INBOX\", \"Lists/*\"]\nexclude = [\"Lists/Spam\"]")
    #expect(rules.verdict(remote: .inbox) == .included)
    #expect(rules.verdict(remote: try Self.name("Lists/swift")) == .included)
    #expect(rules.verdict(remote: try Self.name("Lists/Spam")) == .excluded(reason: "excluded by \"Lists/Spam\""))
    #expect(rules.verdict(remote: try Self.name("Other")) == .excluded(reason: "not in include"))
    #expect(try Fixture.rules("include = []").verdict(remote: .inbox) != .included)
  }

  @Test("filters see remote names")
  func filtersSeeRemoteNames() throws {
    let rules = try Fixture.rules("exclude = [\"[[]Gmail]/Spam\", \"[Gmail]/Spam\"]\n" + Self.gmail)
    #expect(rules.verdict(remote: try Self.name("[Gmail]/Spam")) != .included)
    #expect(rules.verdict(local: try Self.name("Spam")) != .included)
    #expect(rules.verdict(local: try Self.name("Work")) == .included)
  }

  @Test(
    "names map both ways",
    arguments: [
      (gmail, "[Gmail]/Sent Mail", "Sent"), (gmail, "[Gmail]/All Mail", "All Mail"), (gmail, "INBOX", "INBOX"),
      (gmail, "[Gmail]/a/b", "a/b"), (courier, "INBOX/Lists/x", "Lists/x"), (courier, "INBOX", "INBOX"),
      ("rename = { \"*\" = \"gmx/*\" }", "A/B", "gmx/A/B"), ("rename = { \"*\" = \"gmx/*\" }", "INBOX", "INBOX"),
      ("rename = { \"*\" = \"gmx/*\", inbox = \"gmx/INBOX\" }", "INBOX", "gmx/INBOX"),
      ("rename = { \"A/*/x\" = \"*.x\" }", "A/b/x", "b.x"), ("rename = { \"A/*/x\" = \"*.x\" }", "A/b/y", "A/b/y"),
      ("rename = { \"A/*\" = \"*\", \"A/B/*\" = \"b/*\" }", "A/B/c", "b/c"),
      ("rename = { \"A\" = \"B\", \"B\" = \"A\" }", "B", "A"), ("rename = { \"a%2Fb\" = \"c\" }", "a%2Fb", "c"),
      ("", "Any/Thing", "Any/Thing"),
    ])
  func mapping(rename: String, remote: String, local: String) throws {
    let rules = try Fixture.rules(rename)
    #expect(rules.localName(forRemote: try Self.name(remote))?.description == local)
    #expect(rules.remoteName(forLocal: try Self.name(local))?.description == remote)
  }

  @Test("a local name that a rule gives away is not another folder's too")
  func claimedName() throws {
    let rules = try Fixture.rules(Self.gmail)
    let sent = try Self.name("Sent")
    #expect(rules.localName(forRemote: sent) == nil)
    #expect(
      rules.verdict(remote: sent) == .conflicting(reason: "its local name Sent is that of [Gmail]/Sent Mail"))
    #expect(rules.localName(forRemote: try Self.name("[Gmail]/INBOX")) == nil)
    // The rule's own remote name is no longer a local one, but the name it left is free for its namesake.
    #expect(rules.remoteName(forLocal: try Self.name("Sent Mail"))?.description == "Sent Mail")
    let swapped = try Fixture.rules("rename = { A = \"B\" }")
    #expect(swapped.remoteName(forLocal: try Self.name("A")) == nil)
    #expect(swapped.verdict(local: try Self.name("A")) != .included)
  }

  @Test("of two remote folders with one local name, the one that is there is meant, and never both")
  func existingFolders() throws {
    let rules = try Fixture.rules(Self.gmail)
    let work = try Self.name("Work")
    let gmailWork = try Self.name("[Gmail]/Work")
    #expect(rules.localName(forRemote: work, among: [work, .inbox]) == work)
    #expect(rules.remoteName(forLocal: work, among: [work, .inbox]) == work)
    #expect(rules.remoteName(forLocal: work, among: [gmailWork]) == gmailWork)
    #expect(rules.remoteName(forLocal: work, among: []) == gmailWork)
    #expect(rules.localName(forRemote: work, among: [work, gmailWork]) == nil)
    #expect(rules.localName(forRemote: gmailWork, among: [work, gmailWork]) == work)
    #expect(
      rules.verdict(remote: work, among: [work, gmailWork])
        == .conflicting(reason: "its local name Work is that of [Gmail]/Work"))
  }

  @Test(
    "whatever the folders, a mapped name maps back (L2)",
    arguments: [gmail, courier, "", "rename = { \"A*\" = \"*A\", \"B/*\" = \"A/*\" }"])
  func roundTrip(rename: String) throws {
    let rules = try Fixture.rules(rename)
    let parts = ["A", "B", "INBOX", "[Gmail]", "Sent", "Sent Mail", "AA"]
    let names = try Set((parts + parts.flatMap { head in parts.map { head + "/" + $0 } }).map(Self.name))
    let tops = names.filter { $0.components.count == 1 }
    let there: [Set<FolderName>] = [names, tops, names.subtracting(tops), []]
    for remote in there {
      var taken: [FolderName: FolderName] = [:]
      for name in remote {
        guard let local = rules.localName(forRemote: name, among: remote) else { continue }
        #expect(rules.remoteName(forLocal: local, among: remote) == name)
        #expect(taken.updateValue(name, forKey: local) == nil, "\(local) is taken twice")
      }
      for name in names {
        guard let other = rules.remoteName(forLocal: name, among: remote) else { continue }
        #expect(rules.localName(forRemote: other, among: remote) == name)
      }
    }
  }

  @Test(
    "rules that cannot be read in both directions name what is wrong",
    arguments: [
      ("rename = { A = \"C\", B = \"C\" }", "\"B\" = \"C\" beside \"A\" = \"C\""),
      ("rename = { \"A/*\" = \"*\", \"B/*\" = \"*\" }", "\"B/*\" = \"*\" beside \"A/*\" = \"*\""),
      ("rename = { inbox = \"A\", INBOX = \"B\" }", "beside"), ("rename = { \"A/*\" = \"B\" }", "\"A/*\" = \"B\""),
      ("rename = { A = \"B*\" }", "a * on both sides"), ("rename = { \"*/*\" = \"*\" }", "at most one *"),
      ("rename = { A = \"\" }", "a folder's name"), ("rename = { A = \"../x\" }", "a folder's name"),
      ("rename = { A = \"/x\" }", "a folder's name"), ("rename = { A = 3 }", "a string"),
      ("rename = [\"A\"]", "a table"), ("include = \"A\"", "an array of strings"), ("exclude = [3]", "a string"),
      ("include = [\"\"]", "a folder's name or pattern"), ("exclude = [\"/a\"]", "between slashes"),
      ("exclude = [\"//\"]", "between slashes"),
      ("exclude = [\"/(/\"]", "a regular expression"), ("includes = []", "one of exclude, include, rename"),
    ])
  func faults(text: String, expected: String) {
    let errors = Fixture.errors(Fixture.remote + Fixture.local + "[accounts.a.folders]\n" + text)
    #expect(errors.count == 1)
    #expect(errors.first?.hasPrefix("8 accounts.a.folders.") == true)
    #expect(errors.first?.contains(expected) == true, "\(errors)")
  }

  @Test("a bad expression is told on its own line")
  func faultInAnArray() {
    let text = Fixture.remote + Fixture.local + "[accounts.a.folders]\nexclude = [\n  \"ok\",\n  '/[/',\n]\n"
    #expect(Fixture.errors(text).first?.hasPrefix("10 accounts.a.folders.exclude.1: expected a regular") == true)
  }
}
