import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Support
import Testing
import Transport

/// Real servers, and a Dovecot that offers less and less, so that every way of doing a job is gone once. What it does
/// not announce still works there, and is not used.
enum Peer: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case dovecot, withoutNotify, withoutQResync, withoutCondStore, bare, cyrus

  var testDescription: String { rawValue }

  var hasModSeq: Bool { self != .withoutCondStore && self != .bare }
  var hasUIDPlus: Bool { self != .bare }

  /// What it says of itself after login; nil for its own list.
  var capability: String? {
    switch self {
    case .dovecot, .cyrus: nil
    case .withoutNotify:
      "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE UIDPLUS MOVE CONDSTORE QRESYNC LIST-EXTENDED LIST-STATUS"
        + " SPECIAL-USE"
    case .withoutQResync: "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE UIDPLUS MOVE CONDSTORE"
    case .withoutCondStore: "IMAP4rev1 SASL-IR LITERAL+ ID IDLE NAMESPACE UIDPLUS MOVE"
    case .bare: "IMAP4rev1"
    }
  }

  /// Starts it, opens a store on it, and runs `body` on the loop.
  func with(
    timing: IMAPTiming = IMAPTiming(), maxConnections: Int = 5,
    _ body: @escaping @Loop @Sendable (ServerStore) async throws -> Void
  ) async throws {
    if self == .cyrus {
      try await CyrusServer.running { server in
        try await ServerStore.with(server, user: "a", timing: timing, maxConnections: maxConnections, body)
      }
    } else {
      try await DovecotServer.running(DovecotOptions(capability: capability)) { server in
        try await ServerStore.with(server, user: "a", timing: timing, maxConnections: maxConnections, body)
      }
    }
  }
}

/// A store on a real server, and another client beside it.
@Loop
struct ServerStore {
  let store: IMAPStore
  let client: MailClient

  /// Runs `body` on the loop with a store that is open, and closes it.
  nonisolated static func with<Server: MailServer>(
    _ server: Server, user: String, timing: IMAPTiming = IMAPTiming(), maxConnections: Int = 5,
    _ body: @escaping @Loop @Sendable (ServerStore) async throws -> Void
  ) async throws {
    let client = try await server.client(user)
    try await Reactor.onShared {
      let store = store(on: server, user: user, timing: timing, maxConnections: maxConnections)
      try await store.open()
      do {
        try await body(ServerStore(store: store, client: client))
      } catch {
        await store.close()
        throw error
      }
      await store.close()
    }
    try await client.logOut()
  }

  static func store<Server: MailServer>(
    on server: Server, user: String, timing: IMAPTiming = IMAPTiming(), maxConnections: Int = 5
  ) -> IMAPStore {
    let reactor = Reactor.startShared()
    let endpoint = Endpoint.host(
      HostEndpoint(
        host: Server.host, port: server.tlsPort, security: .implicitTLS, caFile: server.authorityFile))
    let password = server.password
    let settings = IMAPSettings(
      endpoint: endpoint, user: user, password: { () async throws(StoreError) in Secret(password) },
      maxConnections: maxConnections, timing: timing)
    return IMAPStore(settings: settings, dialer: TransportDialer(reactor: reactor), clock: ReactorClock(reactor))
  }

  func wide(_ folder: FolderName, since: Checkpoint?) async throws -> Look {
    try await store.look(at: folder, .wide(since: since))
  }

  /// Waits until the store tells of `folder`, and looks.
  func nextLook(at folder: FolderName) async throws -> Look {
    while true {
      let events = try await store.nextEvents()
      if events.contains(.uncertain(folder)) { return try await wide(folder, since: nil) }
      if events.contains(.changed(folder)) {
        let look = try await store.look(at: folder, .pending)
        if !look.isEmpty { return look }
      }
    }
  }
}

/// A message of a few lines.
func letter(_ number: Int, body: String = "Hello.") -> [UInt8] {
  Array("From: a@example.org\r\nMessage-ID: <\(number)@example.org>\r\nSubject: \(number)\r\n\r\n\(body)\r\n".utf8)
}

/// Content from memory, in pieces.
@Loop
final class LetterContent: MessageContent {
  let wireSize: Int
  let date: InternalDate?
  private var pieces: [[UInt8]]

  init(_ octets: [UInt8], date: InternalDate? = nil, piece: Int = 1000) {
    wireSize = octets.count
    self.date = date
    pieces = stride(from: 0, to: octets.count, by: piece).map { Array(octets[$0..<min($0 + piece, octets.count)]) }
  }

  func next() async throws(StoreError) -> [UInt8]? { pieces.isEmpty ? nil : pieces.removeFirst() }
}

extension MessageContent {
  func all() async throws(StoreError) -> [UInt8] {
    var octets: [UInt8] = []
    while let piece = try await next() { octets += piece }
    return octets
  }
}
