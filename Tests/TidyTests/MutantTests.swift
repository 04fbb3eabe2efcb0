import Foundation
import Testing

/// `Tests/Mutants/list` holds bugs to plant. A bug whose place in the source is not there any more proves nothing.
@Suite("The list of bugs to plant")
struct MutantTests {
  struct Mutant: CustomTestStringConvertible {
    let name: String
    let file: String
    let old: String
    let new: String
    var testDescription: String { name }
  }

  static let all: [Mutant] = {
    do {
      return try read(try SourceTree.text(of: "Tests/Mutants/list"))
    } catch {
      // Without the list there are too few of them, which a test says.
      return []
    }
  }()

  @Test("fits the source: each has one place", arguments: all)
  func fits(mutant: Mutant) throws {
    let pieces = try SourceTree.text(of: mutant.file).components(separatedBy: mutant.old)
    #expect(pieces.count == 2, "\(mutant.file) has it \(pieces.count - 1) times: \(mutant.old)")
    #expect(mutant.old != mutant.new)
  }

  @Test("is long enough, has no name twice, and names the laws")
  func whole() throws {
    #expect(Self.all.count >= 40)
    #expect(Set(Self.all.map(\.name)).count == Self.all.count)
    let headings = try SourceTree.text(of: "Tests/Mutants/list").split(separator: "\n").filter { $0.hasPrefix("== ") }
    #expect(headings.count == Self.all.count)
    for heading in headings { #expect(heading.contains(/^== [a-z-]+( L[0-9]+)+$/), "\(heading)") }
  }

  private static func read(_ text: String) throws -> [Mutant] {
    var mutants: [Mutant] = []
    var (name, file, old) = ("", "", "")
    for line in text.split(separator: "\n") {
      if line.hasPrefix("== ") {
        name = line.dropFirst(3).prefix { $0 != " " }.description
      } else if line.hasPrefix("- ") {
        old = String(line.dropFirst(2))
      } else if line.hasPrefix("+") {
        mutants.append(
          Mutant(name: name, file: file, old: old, new: String(line.dropFirst(line.hasPrefix("+ ") ? 2 : 1))))
      } else if !line.hasPrefix("#") {
        file = String(line)
      }
    }
    return mutants
  }
}
