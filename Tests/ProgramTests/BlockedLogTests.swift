import Control
import Foundation
import Glibc
import Mail
import Support
import Testing

/// A log that nobody reads, as under a logger that hangs.
@Suite("A log that nobody reads")
struct BlockedLogTests {
  @Test("does not keep the daemon from syncing, nor from stopping (L11)")
  func blocked() async throws {
    let server = try await DovecotServer.shared()
    let client = try await server.client("blocked")
    let home = try Home()
    try home.configure(Home.account("work", on: server, user: "blocked"))
    let socket = try NotifySocket(in: home.folder)
    let fifo = home.folder.appending("log")
    let reader = try Self.fullFIFO(fifo)
    defer { close(reader) }
    let daemon = try ChildProcess(
      ["/bin/sh", "-c", "exec \"$@\" 2>\(fifo)", "sh", Home.program, "run", "-vv"],
      environment: home.environment(["NOTIFY_SOCKET": socket.name]))
    _ = try await socket.message(with: "READY=1")
    try await client.append(letter("down"))
    _ = try await MaildirWatch(home.maildir).wait { $0[.inbox].count == 1 }
    daemon.signal(SIGTERM)
    #expect(try await daemon.wait(within: .seconds(10)) == .exited(0))
  }

  @Test("as JSON is JSON in every line, what tells of lost ones among them")
  func lostJSON() async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away"))
    let socket = try NotifySocket(in: home.folder)
    let fifo = home.folder.appending("log")
    let reader = try Self.fullFIFO(fifo)
    defer { close(reader) }
    let daemon = try ChildProcess(
      ["/bin/sh", "-c", "exec \"$@\" 2>\(fifo)", "sh", Home.program, "run", "--log-format", "json"],
      environment: home.environment(["NOTIFY_SOCKET": socket.name]))
    _ = try await socket.message(with: "READY=1")
    for _ in 1...2 {
      daemon.signal(SIGHUP)
      _ = try await socket.message(with: "READY=1")
    }
    var text = ""
    var buffer = [UInt8](repeating: 0, count: 65536)
    let deadline = Deadline(in: .seconds(20))
    while !text.contains("syncing everything now"), !deadline.hasPassed {
      daemon.signal(SIGUSR1)
      try await Task.sleep(for: .milliseconds(50))
      let count = unsafe read(reader, &buffer, buffer.count)
      text += String(decoding: buffer[..<max(0, count)].filter { $0 != 0 }, as: UTF8.self)
    }
    await daemon.stop()
    #expect(text.contains("lines lost here because nobody read them: "))
    for line in text.split(separator: "\n") {
      #expect(throws: Never.self) { try JSONDecoder().decode([String: String].self, from: Data(line.utf8)) }
    }
  }

  /// A FIFO that takes not one byte more; it stays so while the answer is open.
  private static func fullFIFO(_ path: String) throws -> Int32 {
    try #require(unsafe mkfifo(path, 0o600) == 0, "errno \(errno)")
    let reader = unsafe open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
    try #require(reader >= 0, "errno \(errno)")
    let zeroes = [UInt8](repeating: 0, count: 4096)
    for size in [zeroes.count, 1] {
      while unsafe write(reader, zeroes, size) > 0 {}
      try #require(errno == EAGAIN)
    }
    return reader
  }
}
