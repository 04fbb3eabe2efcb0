import Engine
import Mail
import Ports
import Reconciliation
import Simulation

extension FuzzTarget {
  /// A server's octets into the engine's IMAP store, at whatever work: up to the first mark, letters say which. Each
  /// piece of work ends, in bounded time; nothing that a look shows is there and gone at once; and no connection is
  /// left open (laws L8, L12).
  static let store = FuzzTarget("store", lengthMax: 8 << 10) { input, loop in
    let head = input.prefix { $0 != Conversation.mark }
    let stage = StoreStage(server: HostileServer(input[head.count...].dropFirst()), loop: loop)
    try await stage.carryOut("opening") { store in try await store.open() }
    for letter in head.prefix(StoreStage.worksMax) {
      guard let work = StoreWork(rawValue: letter) else { continue }
      try await stage.carryOut("\(work)") { store in try await stage.work(work, on: store) }
    }
    try await stage.carryOut("closing") { store in await store.close() }
    for stream in stage.server.streams { try demand(stream.isClosed, "a connection is left open") }
  }
}

/// What the engine asks of a store.
enum StoreWork: UInt8 {
  case list = 0x66  // f
  case lookWide = 0x77  // w
  case lookSince = 0x73  // s
  case lookPending = 0x70  // p
  case lookAtMessages = 0x6D  // m
  case identify = 0x69  // i
  case read = 0x72  // r
  case deliver = 0x64  // d
  case update = 0x75  // u
  case delete = 0x78  // x
  case copy = 0x63  // c
  case move = 0x76  // v
  case watch = 0x57  // W
  case events = 0x65  // e
  case create = 0x43  // C
  case remove = 0x52  // R
  case check = 0x6B  // k
}

/// The real store, a hostile server, and a clock that moves when everybody waits.
@Loop
final class StoreStage {
  /// Pieces of work for one input.
  static let worksMax = 16
  /// Moments of rest within one piece of work: more than any input has pieces, and its deadlines.
  private static let restsMax = 20_000

  let server: HostileServer
  private let loop: any RestingLoop
  private let clock = WorldClock()
  private let store: IMAPStore
  private let other = FolderName("Other") ?? .inbox
  private var keys: [MessageKey] = [1, 2, 7].compactMap { UID(rawValue: $0) }.map { .uid($0) }
  private var checkpoint: Checkpoint?

  init(server: HostileServer, loop: any RestingLoop) {
    self.server = server
    self.loop = loop
    let endpoint = HostEndpoint(host: "imap.example.org", port: 993, security: .implicitTLS)
    let settings = IMAPSettings(
      endpoint: .host(endpoint), user: "joe",
      password: { () async throws(StoreError) in Secret(SecretText.password) })
    store = IMAPStore(settings: settings, dialer: server, clock: clock)
  }

  /// Until it has ended, with a value or an error.
  func carryOut(_ name: String, _ body: @escaping @Loop @Sendable (IMAPStore) async throws -> Void) async throws {
    var outcome: Result<Void, any Error>?
    let task = Loop.task { [store] in
      do { outcome = .success(try await body(store)) } catch { outcome = .failure(error) }
    }
    for _ in 0..<Self.restsMax {
      try demand(await loop.rest(), "\(name) goes round in circles")
      if let outcome {
        // What a store may say of itself; anything else is a demand of ours that did not hold.
        if case .failure(let error) = outcome, !(error is StoreError) { throw error }
        return
      }
      if server.speak() { continue }
      if let wake = clock.nextWake {
        clock.move(to: wake)
      } else {
        // Whoever waits for events may wait for ever, until told not to.
        try demand(!task.isCancelled, "\(name) waits for nobody")
        task.cancel()
      }
    }
    throw Broken("\(name) does not end")
  }

  func work(_ work: StoreWork, on store: IMAPStore) async throws {
    switch work {
    case .list: _ = try await store.folders()
    case .lookWide: try check(try await store.look(at: .inbox, .wide(since: nil)))
    case .lookSince: try check(try await store.look(at: .inbox, .wide(since: checkpoint)))
    case .lookPending: try check(try await store.look(at: .inbox, .pending))
    case .lookAtMessages: try check(try await store.look(at: .inbox, .messages(Set(keys))))
    case .identify: _ = try await store.identify(keys, in: .inbox)
    case .read: try await read()
    case .deliver: try await deliver()
    case .update:
      let changes = keys.map { FlagChange(key: $0, adding: FlagSet(.seen), removing: FlagSet(.flagged)) }
      _ = try await store.update(changes, in: .inbox)
    case .delete: _ = try await store.delete(keys, in: .inbox)
    case .copy: _ = try await store.copy(keys, from: .inbox, to: other)
    case .move: _ = try await store.move(keys, from: .inbox, to: other)
    case .watch: _ = try await store.watch([.inbox, other])
    case .events: _ = try await store.nextEvents()
    case .create: try await store.createFolder(other)
    case .remove: try await store.removeFolder(other)
    case .check: store.checkConnections()
    }
  }

  private func check(_ look: Look) throws(Broken) {
    try demand(look.gone.isDisjoint(with: look.present.keys), "a message is there and gone")
    try demand(look.gone.isDisjoint(with: look.unreadable.keys), "a message is unreadable and gone")
    for key in look.present.keys { try demand(key.uid != nil, "a message on a server without a UID") }
    checkpoint = look.checkpoint ?? checkpoint
    let shown = look.present.keys.sorted().prefix(8)
    if !shown.isEmpty { keys = Array(shown) }
  }

  private func read() async throws {
    try await store.read(keys, in: .inbox) { _, result async throws(StoreError) in
      let content = try result.get()
      while try await content.next() != nil {
        // Where the octets go is not the point.
      }
    }
  }

  private func deliver() async throws {
    let delivery = try await store.delivery(into: .inbox)
    for ticket in 0..<2 {
      let message = SimulatedMessage("Message-ID: <\(ticket)@example.org>\r\n\r\nhello\r\n")
      let letter = Letter(ticket: ticket, flags: FlagSet(.seen), date: message.date, key: nil)
      try await delivery.add(letter, SimulatedContent(message))
    }
    _ = try await delivery.commit()
  }
}
