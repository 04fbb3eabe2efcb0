import Foundation
import Testing

/// The project's own Swift files, as text, for the rules that the compiler does not check.
struct SourceTree {
  struct File {
    /// Relative to the checkout.
    let path: String
    let lines: [Substring]
  }

  static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent()

  static func files(in folder: String) throws -> [File] {
    let base = root.appending(path: folder)
    let walk = try #require(FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil))
    return try walk.compactMap { $0 as? URL }
      .filter { $0.pathExtension == "swift" && !$0.path.contains("/.build") }
      .map { url in
        let text = try String(contentsOf: url, encoding: .utf8)
        let path = String(url.path.dropFirst(root.path.count + (root.path.hasSuffix("/") ? 0 : 1)))
        return File(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
      }
      .sorted { $0.path < $1.path }
  }

  static func text(of path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }
}
