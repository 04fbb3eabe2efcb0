import Mail
import Support

/// Both sides, held against each other message by message: bytes, flags, keywords, dates.
struct FinalComparison {
  let stage: Stage
  let screen: Screen

  /// How long the last change may take to be on the other side.
  private static let limit = Duration.seconds(10)

  func run() async throws -> Bool {
    screen.heading("Both sides at the end")
    let deadline = Deadline(in: Self.limit)
    var server = try await stage.remote.client.tree()
    var maildir = try await stage.maildir.tree()
    var comparison = try Comparison(server: server, maildir: maildir)
    while !comparison.isEqual, !deadline.hasPassed {
      try await Task.sleep(for: .milliseconds(100))
      server = try await stage.remote.client.tree()
      maildir = try await stage.maildir.tree()
      comparison = try Comparison(server: server, maildir: maildir)
    }
    let messages = server.values.flatMap { $0 }
    let bytes = messages.reduce(0) { $0 + $1.bytes.count }
    screen.fact(
      "on the server", "\(messages.count) messages in \(server.count) folders, \(Screen.grouped(bytes)) bytes")
    screen.fact("in the Maildir", "\(maildir.messageCount) messages in \(maildir.folders.count) folders")
    screen.fact(
      "compared",
      "bytes, flags (\(messages.reduce(0) { $0 + SystemFlags.count(in: $1.flags) })), "
        + "keywords (\(messages.reduce(0) { $0 + $1.flags.keywords.count })) and dates")
    if comparison.isEqual {
      screen.success("  Equal, message by message.")
    } else {
      screen.failure("\(comparison.differences.count) differences:\n\(comparison)")
    }
    return comparison.isEqual
  }
}

extension SystemFlags {
  fileprivate static func count(in flags: FlagSet) -> Int { flags.system.rawValue.nonzeroBitCount }
}
