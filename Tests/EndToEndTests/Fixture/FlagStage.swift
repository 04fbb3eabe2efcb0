import Foundation
import Mail
import Support

extension FlagsTests {
  /// Calls `body` with an account in sync, with or without a daemon that watches it.
  func play(
    _ how: How, messages: Int, _ options: DovecotOptions = DovecotOptions(),
    _ body: (BothSides, FlagStage) async throws -> Void
  ) async throws {
    try await DovecotServer.running(options) { server in
      let client = try await server.client("a")
      let both = BothSides(try Installation(.plain(server, user: "a")), client)
      for mail in await both.nextMails(messages) {
        try await client.append(mail.bytes, date: mail.date)
        await both.expect { $0.add(mail.bytes, to: .inbox) }
      }
      try await both.installation.syncCleanly()
      let stage = FlagStage(both, how == .run ? try await both.installation.start("-vv") : nil)
      do {
        try await body(both, stage)
        try await stage.end()
      } catch {
        throw SupportError("\(error)\n\(await stage.log)\nThe server said:\n\(server.log.suffix(2_000))")
      }
    }
  }
}

/// How what was changed comes to the other side.
struct FlagStage: Sendable {
  private let both: BothSides
  private let daemon: ChildProcess?

  init(_ both: BothSides, _ daemon: ChildProcess?) {
    self.both = both
    self.daemon = daemon
  }

  /// Brings both sides to what is expected, and requires that a further pass is empty (law L2).
  func callAsFunction() async throws {
    if daemon == nil { try await both.installation.syncCleanly() }
    try await both.settle(within: .seconds(20))
    let report = try await both.installation.syncCleanly()
    guard report.isEmpty else { throw SupportError("a further pass was not empty: \(report)") }
  }

  /// Where both sides are not to be equal.
  func waiting(_ isReached: () async throws -> Bool) async throws {
    if daemon == nil { try await both.installation.syncCleanly() }
    let deadline = ContinuousClock.now + .seconds(20)
    while try await !isReached() {
      guard ContinuousClock.now < deadline else { throw SupportError("waited in vain") }
      // Asks the daemon for a pass, which ends when it is done.
      _ = try await both.installation.sync()
    }
  }

  /// What happens in `body` is seen at once when it has ended, as after a suspend.
  func meanwhile(_ body: () async throws -> Void) async throws {
    daemon?.pause()
    try await body()
    daemon?.resume()
  }

  var log: String {
    get async {
      daemon?.resume()
      await daemon?.stop(grace: .seconds(1))
      return daemon.map { "martlet said:\n\($0.standardErrors)" } ?? ""
    }
  }

  func end() async throws {
    guard let ending = await daemon?.stop(), ending != .exited(0) else { return }
    throw SupportError("martlet \(ending)")
  }
}

extension BothSides {
  func nextMails(_ count: Int) -> [SampleMail] { (0..<count).map { _ in nextMail() } }

  /// Gives a file the letters of just these flags, with lines in `dovecot-keywords` for keywords that have none.
  func mark(_ flags: FlagSet, _ mail: SampleMail) throws {
    let folder = installation.maildirFolder()
    let unique = try entry(of: mail).unique
    let system = KeywordLetters.systemFlags.filter { flags.system.contains($0.value) }.keys
    try folder.setLetters(String(system) + (flags.contains(.forwarded) ? "P" : ""), of: unique)
    for keyword in flags.keywords where keyword != .forwarded { try folder.add(keyword, to: unique) }
    expect { $0.change(mail.bytes, in: .inbox) { $0 = flags } }
  }

  func inMaildir(_ mail: SampleMail) throws -> FlagSet { try entry(of: mail).flags }

  func onServer(_ mail: SampleMail) async throws -> FlagSet {
    let uids = try await uid(of: mail)
    guard let flags = try await client.messages(in: .inbox, uids).first?.flags else { throw SupportError("gone") }
    return flags
  }

  /// In place of the file that was there, as careful programs do it.
  nonisolated func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}
