import Foundation
import Support
import Testing

@Suite("A daemon at rest")
struct RestTests {
  /// At least so many pages of the program are wanted for one message, and for nothing else.
  private static let pagesOfWork = 100

  @Test("gives back what work needed of the program's code")
  func small() async throws {
    let (home, client) = try await Home.prepared("small")
    let daemon = try await home.startDaemon()
    let process = try ChildProcess.children(of: daemon.identifier).first ?? daemon.identifier
    var told: [Int] = []
    // Where this test is kept waiting, it sees too late how large the daemon was.
    for round in 1...5 {
      try await client.append(letter("\(round)"))
      _ = try await daemon.line(of: .errors) { $0.hasSuffix("work: INBOX: local: 1 new") }
      let working = try Self.sharedPages(of: process)
      let resting = try await Self.sharedPages(of: process, below: working - Self.pagesOfWork)
      guard resting == nil else {
        await daemon.stop()
        return
      }
      told.append(working)
    }
    Issue.record("working with \(told) pages, at rest with \(try Self.sharedPages(of: process))")
  }

  /// Nil where it does not become as small within a few seconds.
  private static func sharedPages(of process: Int32, below limit: Int) async throws -> Int? {
    let deadline = Deadline(in: .seconds(5))
    while !deadline.hasPassed {
      let pages = try sharedPages(of: process)
      if pages < limit { return pages }
      // The kernel tells nobody when a process becomes smaller.
      try await Task.sleep(for: .milliseconds(5))
    }
    return nil
  }

  /// What the process shares with files and others (proc(5), statm).
  private static func sharedPages(of process: Int32) throws -> Int {
    let words = try String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8).split(separator: " ")
    guard words.count > 2, let pages = Int(words[2]) else { throw SupportError("/proc/\(process)/statm: \(words)") }
    return pages
  }
}
