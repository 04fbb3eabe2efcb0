import Mail
import Support

/// The server as other clients see it: one that acts, as a phone would, and one that looks.
struct ServerSide: Sendable {
  let client: MailClient
  private let witness: MailClient
  private let daemon: Daemon

  /// Between two looks. Polling, because a push would come 500 ms late.
  private static let interval = Duration.milliseconds(1)

  static func connect(to server: DovecotServer, daemon: Daemon) async throws -> ServerSide {
    ServerSide(
      client: try await server.client(Stage.user), witness: try await server.client(Stage.user), daemon: daemon)
  }

  // MARK: Looking

  func uidNext(of folder: FolderName) async throws -> UID {
    guard let uid = try await witness.status(folder).uidNext else { throw DemoFailure("no UIDNEXT of \(folder)") }
    return uid
  }

  func flags(in folder: FolderName) async throws -> [UID: FlagSet] { try await witness.flags(in: folder) }

  func message(_ uid: UID, in folder: FolderName) async throws -> MailClient.Message {
    guard let message = try await witness.messages(in: folder, [uid]).first else {
      throw DemoFailure("there is no UID \(uid) in \(folder) on the server")
    }
    return message
  }

  /// The letters of a folder from this UID on.
  func messages(in folder: FolderName, from first: UID) async throws -> [MailClient.Message] {
    try await witness.messages(in: folder, UIDSet(first...UID.last))
  }

  /// The newest of a folder's messages with this Message-ID, from a UID on.
  func message(with messageID: String, in folder: FolderName, from first: UID = .first) async throws
    -> MailClient.Message?
  {
    try await messages(in: folder, from: first).last {
      Letter.messageID(in: $0.bytes.prefix(Letter.headMax)) == messageID
    }
  }

  // MARK: Waiting

  /// The letter that arrives in the folder, and the moment when it was seen there.
  func arrival(
    of messageID: String, in folder: FolderName, from first: UID, within limit: Duration = Step.limit
  ) async throws -> (message: MailClient.Message, instant: ContinuousClock.Instant) {
    var next = first
    var found: MailClient.Message?
    let instant = try await wait("the message to be in \(folder) on the server", within: limit) {
      guard let now = try await witness.status(folder).uidNext, now > next else { return nil }
      let instant = ContinuousClock.now
      found = try await message(with: messageID, in: folder, from: next)
      next = now
      return found == nil ? nil : instant
    }
    guard let found else { preconditionFailure("the wait ends when it is found") }
    return (found, instant)
  }

  func absence(
    of uid: UID, in folder: FolderName, within limit: Duration = Step.limit
  ) async throws -> ContinuousClock.Instant {
    try await wait("UID \(uid) to be gone from \(folder) on the server", within: limit) {
      try await witness.flags(in: folder)[uid] == nil ? .now : nil
    }
  }

  func flags(
    _ isReached: @Sendable (FlagSet) -> Bool, of uid: UID, in folder: FolderName, within limit: Duration = Step.limit
  ) async throws -> ContinuousClock.Instant {
    var last: FlagSet?
    return try await wait("the flags on the server", within: limit) {
      last = try await witness.flags(in: folder)[uid]
      return last.map(isReached) == true ? .now : nil
    } orElse: {
      "last seen there: \(last.map { "(\($0))" } ?? "no message")"
    }
  }

  func folder(_ folder: FolderName, exists: Bool) async throws -> ContinuousClock.Instant {
    try await wait("the folder \(folder) to \(exists ? "be" : "be gone") on the server", within: Step.limit) {
      try await witness.folders().contains(folder) == exists ? .now : nil
    }
  }

  private func wait(
    _ what: String, within limit: Duration, _ look: () async throws -> ContinuousClock.Instant?,
    orElse last: () -> String = { "" }
  ) async throws -> ContinuousClock.Instant {
    let deadline = Deadline(in: limit)
    while true {
      try Task.checkCancellation()
      if let instant = try await look() { return instant }
      try daemon.requireRunning()
      if deadline.hasPassed { throw DemoFailure("waited \(limit) in vain for \(what). \(last())") }
      try await Task.sleep(for: Self.interval)
    }
  }
}
