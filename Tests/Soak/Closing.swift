import Control
import Mail
import Support

/// After the clients have stopped: both sides are the same, as the clients left them, and stay so.
struct Closing {
  private static let settlingMax = Duration.seconds(60)

  private let stage: Stage
  private let belongings: [Belonging]
  private let seed: UInt64

  init(_ stage: Stage, _ belongings: [Belonging], seed: UInt64) {
    self.stage = stage
    self.belongings = belongings
    self.seed = seed
  }

  /// A sentence each.
  func faults() async throws -> [String] {
    // Anew: a session that saw folders come and go is lost in Dovecot 2.3.
    let client = try await stage.server.client(Stage.user)
    var faults = try await settlingFaults(client)
    let server = try await client.tree().mapValues { $0.map(\.bytes.lineFeedForm) }
    let maildir = try await stage.maildir.tree().folders.mapValues { try $0.map { try $0.bytes() } }
    for (name, side) in [("on the server", server), ("in the Maildir", maildir)] {
      let differences = differences(in: side)
      if differences.isEmpty {
        say("Each of \(belongings.count) messages is there exactly once \(name), and no other.")
      }
      faults += differences.map { "\(name): \($0)" }
    }
    let report = try await stage.sync()
    let isEmpty = report.local == SideCounts() && report.remote == SideCounts() && report.exitCode == 0
    if !isEmpty || !report.foldersCreated.isEmpty || !report.foldersRemoved.isEmpty {
      faults.append("a further pass is not empty: \(report)")
    }
    return faults
  }

  /// A folder that went with messages which nobody has elsewhere any more is held by the brake, as it should be (L9):
  /// then the person who removed it says that this was meant.
  private func settlingFaults(_ client: MailClient) async throws -> [String] {
    let start = ContinuousClock.now
    do {
      do {
        try await stage.maildir.waitUntilEqual(to: client, within: Self.settlingMax)
      } catch {
        let held = try await stage.held()
        guard !held.isEmpty else { throw error }
        say("The brake held \(held.joined(separator: "; ")), and was told that this was meant.")
        _ = try await stage.sync("--allow-deletions")
        try await stage.maildir.waitUntilEqual(to: client, within: Self.settlingMax)
      }
      say("Both sides are equal, message by message, after \((ContinuousClock.now - start).components.seconds) s.")
      return []
    } catch {
      return ["\(error)"]
    }
  }

  private func differences(in side: [FolderName: [[UInt8]]]) -> [String] {
    var left = side.mapValues { $0.reduce(into: [[UInt8]: Int]()) { $0[$1, default: 0] += 1 } }
    var differences: [String] = []
    for belonging in belongings {
      let mail = SampleMail(seed: seed, number: belonging.message)
      let count = left[belonging.folder]?.removeValue(forKey: mail.bytes.lineFeedForm) ?? 0
      if count != 1 { differences.append("\(belonging.folder) has \(mail.messageID) \(count) times") }
    }
    for (folder, messages) in left where !messages.isEmpty {
      differences.append("\(folder) has \(messages.values.reduce(0, +)) messages that belong elsewhere or were deleted")
    }
    return differences.sorted()
  }
}
