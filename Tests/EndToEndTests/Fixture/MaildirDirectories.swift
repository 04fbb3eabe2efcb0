import Foundation
import Glibc
import Mail

/// The directories below a root that hold messages, whatever folder each may be, with the messages' bytes.
struct MaildirDirectories: Sendable {
  /// By path, relative to the root and empty for the root itself.
  private(set) var messages: [ExactText: [[UInt8]]] = [:]

  init(below root: String) throws { try read("", below: root) }

  private mutating func read(_ directory: String, below root: String) throws {
    let path = root + "/" + directory
    if ["cur", "new", "tmp"].allSatisfy({ Self.isDirectory(path + "/" + $0) }) {
      messages[ExactText(directory)] = try ["cur", "new"].flatMap { part in
        // A file that is renamed meanwhile is found by the next look.
        try FileManager.default.contentsOfDirectory(atPath: path + "/" + part).compactMap { name in
          FileManager.default.contents(atPath: path + "/" + part + "/" + name).map { Array($0) }
        }
      }
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: path)
    where name != ".martlet" && !["cur", "new", "tmp"].contains(name) && Self.isDirectory(path + "/" + name) {
      try read(directory.isEmpty ? name : directory + "/" + name, below: root)
    }
  }

  /// Asked of the system itself: an accent behind a slash is more than Foundation's paths can take.
  private static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// What is other than expected, one sentence each.
  func differences(from expected: [ExactText: [[UInt8]]]) -> [String] {
    var result: [String] = []
    for (directory, bytes) in expected {
      guard let found = messages[directory] else {
        result.append("'\(printable(directory.text))' is no Maildir")
        continue
      }
      if found.sorted(by: precedes) != bytes.sorted(by: precedes) {
        result.append("'\(printable(directory.text))' holds \(found.count) messages, not the \(bytes.count) expected")
      }
    }
    for directory in messages.keys where expected[directory] == nil {
      result.append("'\(printable(directory.text))' should be no Maildir")
    }
    return result.sorted()
  }

  private func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool { left.lexicographicallyPrecedes(right) }
}
