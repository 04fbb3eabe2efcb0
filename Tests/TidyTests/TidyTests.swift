import Foundation
import Testing

/// Rules about the source itself: one that no machine checks is advice.
@Suite("The source")
struct TidyTests {
  static let fileLengthMax = 400
  static let functionLengthMax = 60

  @Test("has no file of more than 400 lines", arguments: ["Sources", "Tests"])
  func fileLength(folder: String) throws {
    for file in try SourceTree.files(in: folder) {
      #expect(file.lines.count <= Self.fileLengthMax, "\(file.path)")
    }
  }

  @Test("has no function of more than 60 lines", arguments: ["Sources", "Tests"])
  func functionLength(folder: String) throws {
    for file in try SourceTree.files(in: folder) {
      for function in functions(in: file) {
        #expect(function.length <= Self.functionLengthMax, "\(file.path):\(function.start)")
      }
    }
  }

  @Test(
    "leaves nothing half done",
    arguments: [#"// *(TODO|FIXME|XXX)"#, #"\btry\?"#, #"_ = Result \{"#, #"Thread\.sleep"#])
  func banned(pattern: String) throws {
    let banned = try Regex(pattern)
    for folder in ["Sources", "Tests"] {
      for file in try SourceTree.files(in: folder) where !file.path.contains("TidyTests") {
        for (number, line) in file.lines.enumerated() where line.contains(banned) {
          Issue.record("\(file.path):\(number + 1): \(line)")
        }
      }
    }
  }

  @Test("says of each error that it lets pass why it may", arguments: ["Sources", "Tests"])
  func swallowedErrors(folder: String) throws {
    for file in try SourceTree.files(in: folder) where !file.path.contains("TidyTests") {
      for (number, line) in file.lines.enumerated() where line.contains("catch {}") {
        let reason = file.lines[..<number].last ?? ""
        #expect(reason.contains("// "), "\(file.path):\(number + 1)")
      }
    }
  }

  /// A bare `Task {}` leaves the loop's thread at its first `await`.
  @Test("starts unstructured tasks through Loop.task only")
  func bareTasks() throws {
    let bare = /\bTask(\.detached)? *\{/
    for file in try SourceTree.files(in: "Sources") {
      for (number, line) in file.lines.enumerated() where !line.contains("//") && line.contains(bare) {
        Issue.record("\(file.path):\(number + 1): \(line)")
      }
    }
  }

  @Test(
    "imports C libraries in their adapters only",
    arguments: [
      ("CLibevent", ["Reactor"]), ("COpenSSL", ["Transport", "Digests"]), ("GRDB", ["LedgerSQLite"]),
      ("TOMLKit", ["Configuration"]),
    ])
  func imports(module: String, rooms: [String]) throws {
    for file in try SourceTree.files(in: "Sources") {
      let isAllowed = rooms.contains { file.path.hasPrefix("Sources/\($0)/") }
      guard !isAllowed else { continue }
      for line in file.lines where line.hasPrefix("import \(module)") || line.hasPrefix("package import \(module)") {
        Issue.record("\(file.path): \(line)")
      }
    }
  }

  @Test("has every room in ARCHITECTURE.md")
  func rooms() throws {
    let text = try SourceTree.text(of: "ARCHITECTURE.md")
    let sources = SourceTree.root.appending(path: "Sources").path
    for room in try FileManager.default.contentsOfDirectory(atPath: sources) where !room.hasPrefix(".") {
      #expect(text.contains("`\(room)`"), "\(room)")
    }
  }

  @Test("names every law in at least one test", arguments: 1...13)
  func laws(number: Int) throws {
    let law = try Regex("\\bL\(number)\\b")
    let isNamed = try SourceTree.files(in: "Tests").contains { file in
      !file.path.contains("TidyTests") && file.lines.contains { $0.contains(law) }
    }
    #expect(isNamed, "L\(number)")
  }

  private struct Function {
    let start: Int
    let length: Int
  }

  /// From a line that declares a function to the line that closes it at the same indentation.
  private func functions(in file: SourceTree.File) -> [Function] {
    var found: [Function] = []
    for (index, line) in file.lines.enumerated() {
      let indentation = line.prefix { $0 == " " }
      let code = line.dropFirst(indentation.count)
      guard !code.hasPrefix("//"), code.contains("func ") || code.contains("init") else { continue }
      guard code.contains(/^([a-z@(){} ]*\b)?(func|init|deinit)\b/) else { continue }
      guard let opening = opening(of: index, indentation, in: file) else { continue }
      let closing = indentation + "}"
      guard let end = file.lines[opening...].firstIndex(where: { $0 == closing }) else { continue }
      found.append(Function(start: index + 1, length: end - index + 1))
    }
    return found
  }

  /// The line that opens the body; nil for a requirement, which has none, and for a body on the same line.
  private func opening(of start: Int, _ indentation: Substring, in file: SourceTree.File) -> Int? {
    if file.lines[start].hasSuffix("{") { return start }
    let rest = file.lines[(start + 1)...]
    guard let next = rest.firstIndex(where: { $0.prefix { $0 == " " }.count <= indentation.count && !$0.isEmpty }),
      file.lines[next].hasPrefix(indentation + ")") || file.lines[next].hasPrefix(indentation + "->"),
      file.lines[next].hasSuffix("{")
    else { return nil }
    return next
  }
}
