import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Support
import Testing

/// A kind of server, with a name for the tests' output.
struct ServerKind: Sendable, CustomTestStringConvertible {
  let name: String
  var profile: ServerProfile
  var conditions = NetworkConditions()
  var testDescription: String { name }

  init(_ name: String, without missing: ServerExtensions = [], _ change: (inout ServerKind) -> Void = { _ in }) {
    self.name = name
    profile = ServerProfile(ServerExtensions.everything.without(missing))
    change(&self)
  }

  static let all: [ServerKind] = [
    ServerKind("everything"),
    ServerKind("no QRESYNC", without: .qresync),
    ServerKind("no CONDSTORE", without: .condStore),
    ServerKind("no UIDPLUS", without: .uidPlus),
    ServerKind("no MOVE", without: .move),
    ServerKind("no LITERAL+", without: .literalPlus),
    ServerKind("LITERAL-") {
      $0.profile.extensions.subtract(.literalPlus); $0.profile.extensions.insert(.literalMinus)
    },
    ServerKind("no IDLE", without: .idle),
    ServerKind("no NOTIFY", without: .notify),
    ServerKind("no LIST-EXTENDED, NAMESPACE, ESEARCH", without: [.listExtended, .namespace, .esearch]),
    ServerKind("IMAP4rev1") { $0.profile.extensions = .none },
    ServerKind("like Courier", without: [.condStore, .listExtended, .literalPlus, .move, .notify, .esearch]) {
      $0.profile.namespacePrefix = "INBOX."
      $0.profile.separator = UInt8(ascii: ".")
      $0.profile.tellsUIDNextInSelect = false
      $0.profile.tellsCapabilities = false
    },
    ServerKind("like Dovecot") {
      $0.profile.pushDelay = .milliseconds(500)
      $0.profile.notifiesInUTF8 = true
      $0.profile.answersBeforeNews = true
      $0.profile.hidesCapabilitiesBeforeLogin = true
    },
    ServerKind("forgetful, over a lively network") {
      $0.profile.remembersExpunges = false
      $0.conditions = .lively
    },
    ServerKind("octet by octet") { $0.conditions.pieceMax = 1 },
    ServerKind("full of surprises") {
      $0.profile.surprisePercent = 40
      $0.conditions = .lively
    },
    ServerKind("full of surprises, answers before news") {
      $0.profile.surprisePercent = 40
      $0.profile.answersBeforeNews = true
    },
    ServerKind("answers before news, no UIDPLUS, QRESYNC", without: [.uidPlus, .qresync]) {
      $0.profile.answersBeforeNews = true
    },
    ServerKind("full of surprises, no QRESYNC", without: .qresync) { $0.profile.surprisePercent = 40 },
    ServerKind("full of surprises, IMAP4rev1") {
      $0.profile.extensions = .none
      $0.profile.surprisePercent = 40
    },
  ]
}

/// The real IMAPStore before a simulated server.
@Loop
struct ServerStage {
  let clock: SimulatedClock
  let log: EventLog
  let server: SimulatedServer
  let network: SimulatedNetwork
  let life: Lifeline
  let store: IMAPStore

  @discardableResult
  nonisolated static func play<Value: Sendable>(
    _ kind: ServerKind, seed: UInt64 = 1,
    _ body: @escaping @Loop @Sendable (ServerStage) async throws -> Value
  ) async throws -> Value {
    try await Reactor.onShared {
      let stage = ServerStage(kind, seed: seed)
      try await stage.store.open()
      let value = try await body(stage)
      await stage.store.close()
      await stage.settle()
      #expect(stage.network.openConnections == 0)
      #expect(stage.server.sessions.isEmpty)
      return value
    }
  }

  init(_ kind: ServerKind, seed: UInt64 = 1, life: Lifeline = Lifeline(), keepsLines: Bool = false) {
    clock = SimulatedClock(jump: .seconds(1))
    log = EventLog(keepsLines: keepsLines)
    server = SimulatedServer(profile: kind.profile, clock: clock, log: log, dice: Dice(seed: seed))
    network = SimulatedNetwork(
      servers: ["imap.example.org": server], clock: clock, dice: Dice(seed: seed &+ 1), log: log)
    network.conditions = kind.conditions
    self.life = life
    let endpoint = HostEndpoint(host: "imap.example.org", port: 993, security: .implicitTLS)
    let settings = IMAPSettings(
      endpoint: .host(endpoint), user: "user", password: { () async throws(StoreError) in Secret("secret") })
    store = IMAPStore(settings: settings, dialer: network.dialer(life: life), clock: clock)
  }

  func settle() async {
    for _ in 0..<400 { await Task.yield() }
  }

  func wide(_ folder: FolderName = .inbox, since: Look? = nil) async throws -> Look {
    try await store.look(at: folder, .wide(since: since?.checkpoint))
  }

  /// Delivers messages of these texts.
  func deliver(
    _ texts: [String], flags: FlagSet = .none, to folder: FolderName = .inbox
  ) async throws -> [Result<Delivered, StoreError>] {
    let delivery = try await store.delivery(into: folder)
    for (ticket, text) in texts.enumerated() {
      let message = SimulatedMessage(text, flags: flags, date: InternalDate(secondsSince1970: 1_600_000_000))
      try await delivery.add(
        Letter(ticket: ticket, flags: flags, date: message.date, key: nil), SimulatedContent(message))
    }
    let results = try await delivery.commit()
    return results.sorted { $0.key < $1.key }.map(\.value)
  }

  func bodies(_ keys: [MessageKey], in folder: FolderName = .inbox) async throws -> [MessageKey: String] {
    var found: [MessageKey: String] = [:]
    try await store.read(keys, in: folder) { key, result async throws(StoreError) in
      let content = try result.get()
      var octets: [UInt8] = []
      while let piece = try await content.next() { octets += piece }
      found[key] = String(decoding: octets, as: UTF8.self)
    }
    return found
  }

  nonisolated static func mail(_ number: Int, body: String = "Hello.") -> String {
    "Date: Fri, 1 Nov 2024 10:00:00 +0000\r\nSubject: \(number)\r\nMessage-ID: <\(number)@example.org>\r\n\r\n\(body)\r\n"
  }

  nonisolated static func octets(_ number: Int) -> [UInt8] { Array(mail(number).utf8) }

  /// The server's truth.
  func texts(_ folder: FolderName = .inbox) -> [String] {
    server.mailbox(of: folder)?.messages.map { String(decoding: $0.bytes, as: UTF8.self) } ?? []
  }

  func flags(_ uid: UID, in folder: FolderName = .inbox) -> Set<String>? {
    server.mailbox(of: folder)?.message(uid)?.flags
  }

  static func folder(_ name: String) throws -> FolderName { try #require(FolderName(name)) }
}
