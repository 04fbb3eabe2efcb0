import Control
import Mail
import Support

/// The two hands of a test between two servers: it changes either as another client does, and notes what must come of
/// it on both.
actor TwoServers {
  enum Side: String, CaseIterable, Sendable {
    case remote, local
    var other: Side { self == .remote ? .local : .remote }
  }

  nonisolated let installation: Installation
  private var clients: [Side: MailClient]
  private(set) var expected = ExpectedMail([.inbox])
  /// INTERNALDATE of each message that was made here.
  private var dates: [[UInt8]: InternalDate] = [:]
  private(set) var mails: [SampleMail] = []
  private var lastNumber = 0

  init(_ installation: Installation, remote: MailClient, local: MailClient) {
    self.installation = installation
    clients = [.remote: remote, .local: local]
  }

  func client(_ side: Side) throws -> MailClient {
    guard let client = clients[side] else { throw SupportError("no client of the \(side) server") }
    return client
  }

  /// After a restart of the server.
  func connect(_ side: Side, to server: any MailServer) async throws { clients[side] = try await server.client("a") }

  func expect(_ change: (inout ExpectedMail) -> Void) { change(&expected) }

  // MARK: Changes

  func create(_ folder: FolderName, on side: Side) async throws {
    try await client(side).create(folder)
    expected.add(folder)
  }

  /// Mail as a corpus has it: with flags, keywords and dates of long ago.
  @discardableResult
  func append(_ count: Int, to folder: FolderName = .inbox, on side: Side) async throws -> [SampleMail] {
    let new = (0..<count).map { SampleMail(seed: 11, number: lastNumber + 1 + $0, size: 600) }
    lastNumber += count
    try await client(side).append(contentsOf: new.map(\.draft), to: folder)
    for mail in new {
      let bytes = mail.bytes
      expected.add(bytes, to: folder, flags: mail.flags)
      dates[bytes.lineFeedForm] = mail.date
    }
    mails += new
    return new
  }

  func add(_ flags: FlagSet, to mail: SampleMail, in folder: FolderName = .inbox, on side: Side) async throws {
    try await client(side).store(.add, flags, on: try await uid(of: mail, in: folder, on: side), in: folder)
    expected.change(mail.bytes, in: folder) { $0 = $0.union(flags) }
  }

  func replace(
    flagsWith flags: FlagSet, of mail: SampleMail, in folder: FolderName = .inbox, on side: Side
  ) async throws {
    try await client(side).store(.replace, flags, on: try await uid(of: mail, in: folder, on: side), in: folder)
    expected.change(mail.bytes, in: folder) { $0 = flags }
  }

  func expunge(_ mail: SampleMail, in folder: FolderName = .inbox, on side: Side) async throws {
    try await client(side).expunge(try await uid(of: mail, in: folder, on: side), in: folder)
    expected.remove(mail.bytes, from: folder)
  }

  func move(
    _ mail: SampleMail, from source: FolderName = .inbox, to target: FolderName, on side: Side
  ) async throws {
    try await client(side).move(try await uid(of: mail, in: source, on: side), from: source, to: target)
    expected.move(mail.bytes, from: source, to: target)
  }

  /// A copy of what is in `source`, in a folder where it was not.
  func copy(
    _ mail: SampleMail, from source: FolderName = .inbox, to target: FolderName, on side: Side
  ) async throws {
    try await client(side).copy(try await uid(of: mail, in: source, on: side), from: source, to: target)
    let flags = expected.folders[source]?[mail.bytes.lineFeedForm] ?? .none
    expected.add(mail.bytes, to: target, flags: flags)
  }

  func uid(of mail: SampleMail, in folder: FolderName, on side: Side) async throws -> UIDSet {
    let client = try client(side)
    try await client.select(folder)
    let reply = try await client.command("UID SEARCH HEADER Message-ID \"\(mail.messageID)\"")
    let found = reply.untagged.filter { $0.hasPrefix("* SEARCH ") }.flatMap { $0.split(separator: " ").dropFirst(2) }
    let uids = found.compactMap { UInt32($0) }.compactMap(UID.init(rawValue:))
    guard uids.count == 1 else { throw SupportError("\(side) \(folder): \(uids.count) messages \(mail.messageID)") }
    return UIDSet(uids)
  }

  // MARK: Comparing

  /// Waits until both servers hold what is expected. Pushes must bring them there by themselves.
  func settle(within limit: Duration = .seconds(20)) async throws {
    let expected = expected
    for side in Side.allCases {
      do {
        try await client(side).waitForTree(within: limit) { expected.differences(from: $0).isEmpty }
      } catch {
        throw SupportError("\((try await differences()).prefix(20).joined(separator: "\n"))\n\(error)")
      }
    }
    let differences = try await differences()
    guard differences.isEmpty else { throw SupportError(differences.prefix(20).joined(separator: "\n")) }
  }

  /// How either server differs from what is expected, message by message: bytes, flags, keywords, dates.
  func differences() async throws -> [String] {
    var result: [String] = []
    for side in Side.allCases {
      let tree = try await client(side).tree()
      result += expected.differences(from: tree).map { "\(side): \($0)" }
      for (folder, messages) in tree {
        for message in messages {
          guard let date = dates[message.bytes.lineFeedForm], date != message.internalDate else { continue }
          result.append(
            "\(side): \(folder): UID \(message.uid) is of \(message.internalDate), and should be of \(date)")
        }
      }
    }
    return result
  }

  func count(_ folder: FolderName = .inbox, on side: Side) async throws -> Int {
    try await client(side).status(folder).messages
  }

  /// One `sync` that must be clean, after which both are as expected, and a further one that finds nothing to do (L2).
  @discardableResult
  func syncToRest() async throws -> AccountSyncReport {
    let report = try await installation.syncCleanly()
    let differences = try await differences()
    guard differences.isEmpty else { throw SupportError(differences.prefix(20).joined(separator: "\n")) }
    let further = try await installation.syncCleanly()
    guard further.isEmpty else { throw SupportError("a further pass was not empty: \(further)") }
    return report
  }
}

extension TwoServers {
  /// Calls `body` with an account between the two servers, each by way of its own network.
  static func between(
    _ remote: any MailServer, _ local: any MailServer, ports: (remote: UInt16, local: UInt16)? = nil
  ) async throws -> TwoServers {
    let installation = try Installation(
      .plain(remote, user: "a", port: ports?.remote), local: .plain(local, user: "a", port: ports?.local))
    return TwoServers(
      installation, remote: try await remote.client("a"), local: try await local.client("a"))
  }

  /// Runs the daemon while `body` does, and ends it whatever comes of that, which must end it in order. A failure tells
  /// what the daemon said.
  func whileRunning(_ body: (ChildProcess) async throws -> Void) async throws {
    try await installation.start("-vv").asDaemon { daemon in
      try await settle()
      try await body(daemon)
    }
  }
}
