import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// A store whose server plays transcripts.
@Loop
struct ScriptedStore {
  let store: IMAPStore
  let clock: SimulatedClock
  let streams: [ScriptedStream]
  let notices = Notices()

  /// What the store said to be otherwise than announced.
  @Loop
  final class Notices {
    fileprivate(set) var told: [String] = []
  }

  /// Runs `body` with an open store, one transcript a connection; at the end every transcript must be played out.
  nonisolated static func play(
    _ scripts: String..., timing: IMAPTiming = IMAPTiming(), maxConnections: Int = 5,
    _ body: @escaping @Loop @Sendable (ScriptedStore) async throws -> Void
  ) async throws {
    try await Reactor.onShared {
      let world = ScriptedStore(scripts.map { ScriptedStream($0) }, timing: timing, maxConnections: maxConnections)
      do {
        try await world.store.open()
        try await body(world)
        for stream in world.streams { #expect(stream.isFinished, "left over: \(stream.rest)") }
      } catch {
        Issue.record(error)
      }
      for stream in world.streams { stream.isLeaving = true }
      let closing = Loop.task { await world.store.close() }
      await world.settle()
      // A server that does not answer the goodbye is not waited for.
      world.clock.advance(by: timing.logout)
      await closing.value
    }
  }

  init(
    _ streams: [ScriptedStream], timing: IMAPTiming = IMAPTiming(), maxConnections: Int = 5,
    endpoint: Endpoint = .tunnel(command: "imap"), allowsPlaintext: Bool = false, trace: ProtocolTrace? = nil
  ) {
    let clock = SimulatedClock()
    var settings = IMAPSettings(
      endpoint: endpoint, user: "u", password: { () async throws(StoreError) in Secret("p") },
      allowsPlaintext: allowsPlaintext, maxConnections: maxConnections, timing: timing)
    settings.trace = trace
    settings.notice = { [notices] folder, text in notices.told.append("\(folder): \(text)") }
    self.clock = clock
    self.streams = streams
    store = IMAPStore(settings: settings, dialer: ScriptedDialer(streams), clock: clock)
  }

  func wide(_ folder: FolderName = .inbox, since: MailboxCheckpoint? = nil) async throws -> Look {
    try await store.look(at: folder, .wide(since: since.map { .imap($0) }))
  }

  /// What was told up to now; nothing is waited for that does not come by itself.
  func eventsTold() async -> [StoreEvent] {
    await settle()
    let waiting = Loop.task { do { return try await store.nextEvents() } catch { return [] } }
    await settle()
    waiting.cancel()
    return await waiting.value
  }
}

/// The first lines of a session that is logged in already: greeting, what is enabled, the delimiter.
func preauthenticated(_ capabilities: String) -> String {
  let words = capabilities.split(separator: " ")
  var lines = ["S: * PREAUTH [CAPABILITY IMAP4rev1 \(capabilities)] ready"]
  var tag = 1
  if words.contains("ENABLE"), words.contains("QRESYNC") || words.contains("CONDSTORE") {
    let name = words.contains("QRESYNC") ? "QRESYNC" : "CONDSTORE"
    lines += ["C: m1 ENABLE \(name)", "C: m2 LIST \"\" \"\"", "S: * ENABLED \(name)", "S: m1 OK done"]
    tag = 2
  } else {
    lines += ["C: m1 LIST \"\" \"\""]
  }
  lines += ["S: * LIST (\\Noselect) \"/\" \"\"", "S: m\(tag) OK done"]
  return lines.joined(separator: "\n") + "\n"
}

extension MailboxCheckpoint {
  init(validity: UInt32 = 1, next: UInt32?, modSeq: UInt64 = 0, count: Int) {
    self.init(
      uidValidity: UIDValidity(rawValue: validity), uidNext: next.flatMap(UID.init(rawValue:)),
      highestModSeq: ModSequence(rawValue: modSeq), messageCount: count)
  }
}
