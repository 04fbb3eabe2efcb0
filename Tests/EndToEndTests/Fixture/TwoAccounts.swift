import Mail
import Support

/// Accounts `a` and `b` on one server, one message each to begin with: what happens to one must not hold up the other
/// (law L11).
actor TwoAccounts {
  nonisolated let installation: Installation
  private let clients: [String: MailClient]
  private let watches: [String: MaildirWatch]
  private var lastNumber = 0

  init(_ server: any MailServer) async throws {
    let installation = try Installation(.plain(server, user: "a"))
    self.installation = installation
    clients = ["a": try await server.client("a"), "b": try await server.client("b")]
    watches = ["a": installation.watch, "b": try MaildirWatch(installation.maildir(of: "b"))]
    for account in ["a", "b"] { try await append(to: account) }
  }

  func append(to account: String) async throws {
    lastNumber += 1
    try await clients[account]?.append(SampleMail(seed: 21, number: lastNumber, size: 500).bytes)
  }

  /// How many messages the account's Maildir has.
  nonisolated func count(_ account: String) throws -> Int {
    try MaildirTree(reading: installation.maildir(of: account))[.inbox].count
  }

  func wait(_ account: String, _ count: Int, within limit: Duration = .seconds(20)) async throws {
    _ = try await watches[account]?.wait(within: limit) { $0[.inbox].count == count }
  }

  /// Runs the daemon while `body` does, and ends it whatever comes of that, which must end it in order. A failure tells
  /// what the daemon said.
  func whileRunning(_ body: (ChildProcess) async throws -> Void) async throws {
    try await installation.launch("-v").asDaemon(body)
  }
}
