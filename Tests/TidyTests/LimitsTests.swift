import Testing

/// `docs/limits.md` says what the source says.
@Suite("docs/limits.md")
struct LimitsTests {
  struct Limit: Hashable, CustomStringConvertible {
    let name: String
    let value: String
    var description: String { "`\(name)` | `\(value)`" }
  }

  @Test("lists every limit of the source with its value, and no other")
  func limits() throws {
    let stated = try stated()
    let listed = try listed()
    for limit in stated.subtracting(listed) { Issue.record("not listed: \(limit)") }
    for limit in listed.subtracting(stated) { Issue.record("listed, and not in the source: \(limit)") }
    #expect(stated.count > 50)
  }

  /// Constants called …Max or …Limit that hold a number or a duration, each with the type around it.
  private func stated() throws -> Set<Limit> {
    let type =
      /^(?:@\w+ )*(?:(?:package|private|fileprivate|final|indirect) )*(?:struct|class|enum|actor|extension) (\w+)/
    let constant =
      /^ +(?:(?:package|private|fileprivate|nonisolated) )*(?:static let|var) (\w+(?:Max|Limit))(?:: \w+)? = (.+)$/
    let quantity = /^[0-9][0-9_ *<]*$|^(?:Duration)?\.\w+\([0-9 *]+\)$/
    var limits: Set<Limit> = []
    for file in try SourceTree.files(in: "Sources") {
      var owner = ""
      for line in file.lines {
        if let match = line.firstMatch(of: type) { owner = String(match.1) }
        guard let match = line.firstMatch(of: constant), match.2.contains(quantity) else { continue }
        limits.insert(Limit(name: "\(owner).\(match.1)", value: String(match.2)))
      }
    }
    return limits
  }

  private func listed() throws -> Set<Limit> {
    let row = /^\| `([\w.]+)` \| `([^`]+)` \|/
    let lines = try SourceTree.text(of: "docs/limits.md").split(separator: "\n")
    return Set(lines.compactMap { $0.firstMatch(of: row) }.map { Limit(name: String($0.1), value: String($0.2)) })
  }
}
