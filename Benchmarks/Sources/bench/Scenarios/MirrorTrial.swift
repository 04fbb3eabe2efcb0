import Mail
import Support

/// Changes one server, and measures until the other shows it. With a thread of its own, because it blocks.
actor MirrorTrial {
  enum Change: String, CaseIterable, Sendable {
    case append, flag, expunge

    var title: String {
      switch self {
      case .append: "APPEND → message"
      case .flag: "flag → flag"
      case .expunge: "expunge → gone"
      }
    }
  }

  private let thread: DedicatedThread
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

  private let writer: Wire
  private let source: ServerEye
  private let target: ServerEye
  private var dice: Dice
  private var lastNumber: Int

  /// `number` sets new messages apart from those of other trials.
  init(from source: any MailServer, to target: any MailServer, user: String, number: Int, seed: UInt64) throws {
    thread = DedicatedThread(name: "trial of \(user)")
    writer = try Wire.loggedIn(to: source, as: user, then: ["SELECT INBOX"])
    self.source = try ServerEye(.inbox, on: source, as: user)
    self.target = try ServerEye(.inbox, on: target, as: user)
    dice = Dice(seed: seed)
    lastNumber = number
  }

  /// From just before the command until a client of the other server, asking every 2 ms, sees it.
  func measure(_ change: Change) throws -> Duration? {
    switch change {
    case .append:
      lastNumber += 1
      let bytes = SampleMail(number: lastNumber, kind: .plain, size: 4_000).bytes
      let count = try target.count()
      return try time(try writer.sendAppend(bytes, to: .inbox)) { try target.count() > count }
    case .flag:
      let (here, there) = try subject()
      return try time(try writer.send(["UID STORE \(here) +FLAGS.SILENT (\\Flagged)"])) {
        try target.flags(of: there)?.contains("\\Flagged") == true
      }
    case .expunge:
      let (here, there) = try subject()
      return try time(
        try writer.send(["UID STORE \(here) +FLAGS.SILENT (\\Deleted)", "UID EXPUNGE \(here)"])
      ) { try target.flags(of: there) == nil }
    }
  }

  /// The writer sees the mailbox as it is before it begins: Dovecot answers OK to an expunge in a view that is behind,
  /// and expunges nothing.
  private func time(_ send: @autoclosure () throws -> String, until isReached: () throws -> Bool) throws -> Duration? {
    try writer.finish(try writer.send(["NOOP"]))
    let start = ContinuousClock.now
    let tag = try send()
    let seen = try ServerEye.wait(within: Trial.limit, until: isReached)
    try writer.finish(tag)
    return seen.map { $0 - start }
  }

  /// The UIDs of a message that both have, not flagged on either.
  private func subject() throws -> (UInt32, UInt32) {
    let there = Dictionary(
      try target.messages().filter { !$0.flags.contains("\\Flagged") }.map { ($0.messageID, $0.uid) }
    ) { first, _ in first }
    let common = try source.messages().filter { !$0.flags.contains("\\Flagged") }.compactMap { message in
      there[message.messageID].map { (message.uid, $0) }
    }
    guard !common.isEmpty else { throw BenchError("no message is left to change") }
    return common[dice.below(common.count)]
  }
}
