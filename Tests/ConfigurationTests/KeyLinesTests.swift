import Testing

@testable import Configuration

@Suite("On which line a key stands")
struct KeyLinesTests {
  /// A text, with the lines of the keys in it that matter, dotted; `|` where a part holds a dot.
  private static let cases: [(text: String, lines: [String: Int])] = [
    ("a = 1\nb = 2", ["a": 1, "b": 2]),
    ("# a = 1\n\n  b = 2 # c = 3\nc=4", ["b": 3, "c": 4]),
    ("[t]\nx = 1\n[t.u]\ny = 2", ["t": 1, "t.x": 2, "t.u": 3, "t.u.y": 4]),
    ("[ t . u ] # why\n\"x y\" = 1", ["t": 1, "t.u": 1, "t.u.x y": 2]),
    ("a.b.c = 1\na.d = 2", ["a": 1, "a.b": 1, "a.b.c": 1, "a.d": 2]),
    ("a . b = 1", ["a.b": 1]),
    ("\"a\".'b' = 1\n\"\\u0063\\t\\\"\" = 2", ["a.b": 1, "c\t\"": 2]),
    ("[t]\r\nx = 1\r\ny = 2\r\n", ["t.x": 2, "t.y": 3]),
    (
      "x = [1,\n 2, # ]\n [\"a\", \"]\",\n 'b']\n]\ny = 1",
      ["x": 1, "x.0": 1, "x.1": 2, "x.2": 3, "x.2.1": 3, "x.2.2": 4, "y": 6]
    ),
    ("x = { a = 1, b = { c = 2 }, \"d e\" = [ { f = 1 } ] }\ny = 1", ["x.a": 1, "x.b.c": 1, "x.d e.0.f": 1, "y": 2]),
    ("x = \"\"\"\na = 1\n\\\"\"\"\n\"\"\"\"\"\ny = 2", ["x": 1, "y": 5]),
    ("x = '''\n[t]\n'' '\n''''\ny = 2", ["x": 1, "y": 5]),
    ("x = \"\\\"\\\\\"\ny = '\\'\nz = ''", ["x": 1, "y": 2, "z": 3]),
    ("x = \"\"\nd = 1979-05-27 07:32:00\nf = -1e3 # no\nb = true\n", ["x": 1, "d": 2, "f": 3, "b": 4]),
    ("[[t]]\nx = 1\n[[t]]\ny = 2", ["t": 1, "t.x": 2, "t.y": 4]),
    ("[a.\"b.c\"]\nd = 1", ["a.b|c": 1, "a.b|c.d": 2]),
    ("\"\" = 1\n", ["": 1]),
    ("a = \"ä\n", ["a": 1]),
  ]

  @Test("keys are found in every form that TOML has", arguments: cases.indices)
  func positions(index: Int) {
    let (text, expected) = Self.cases[index]
    let lines = KeyLines(text)
    for (key, line) in expected {
      let path = key.split(separator: ".", omittingEmptySubsequences: false).map {
        String($0).replacing("|", with: ".")
      }
      #expect(lines.paths.contains(path), "\(path) in \(lines.paths)")
      #expect(lines.line(of: path) == line, "\(key)")
    }
  }

  @Test("nothing is found that is not there")
  func nothingElse() {
    let text = "a = \"b = 1\"\nc = '''\nd = 2\n[e]\n''' # f = 1\ng = [\"h = 1\"] # [i]\n"
    #expect(KeyLines(text).paths == [["a"], ["c"], ["g"], ["g", "0"]])
  }

  @Test("a key that is not there has the line of the table around it")
  func missingKey() {
    let lines = KeyLines("\n[t]\nx = 1\n")
    #expect(lines.line(of: ["t", "y"]) == 2)
    #expect(lines.line(of: ["u"]) == nil)
    #expect(lines.keys(in: []) == ["t"])
    #expect(lines.keys(in: ["t"]) == ["x"])
  }

  @Test(
    "the scan ends on what is no TOML",
    arguments: [
      "[", "[[", "[a", "a", "a =", "a = [", "a = {", "a = \"", "a = \"\"\"", "a = [[[[", "=", "]]", "{", "a = \"\\",
      "a = \"\\u12", ".", "a.", "\"", "a = }", "a = ]\nb = 1", "\u{FEFF}a = 1", "a = [1 2 3", "a = {,,}", "[a]]\nb = 1",
      String(repeating: "a = [", count: 1000), "a = " + String(repeating: "[", count: 100_000),
      String(repeating: "{a=", count: 100_000),
    ])
  func rubbish(text: String) {
    _ = KeyLines(text)
  }

  @Test("keys are written as TOML writes them")
  func written() {
    #expect(
      KeyLines.written(["accounts", "a-b_1", "[Gmail]/*", "", "x\"y"]) == "accounts.a-b_1.\"[Gmail]/*\".\"\".\"x\\\"y\""
    )
  }
}
