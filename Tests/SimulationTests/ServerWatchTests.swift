import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@Suite("A simulated server's watcher", .timeLimit(.minutes(1)))
struct ServerWatchTests {
  /// What IDLE, NOTIFY or a poll leads to is the truth, however it was told.
  @Test("hears of what others do", arguments: ServerKind.all)
  func hears(_ kind: ServerKind) async throws {
    try await ServerStage.play(kind) { stage in
      let other = try ServerStage.folder("Entwürfe")
      let name = stage.server.name(of: other)
      stage.server.createMailbox(name)
      for number in 1...3 { stage.server.append(ServerStage.octets(number)) }
      _ = try await stage.store.folders()
      var seen: [FolderName: Set<MessageKey>] = [:]
      for folder in [FolderName.inbox, other] { seen[folder] = Set(try await stage.wide(folder).present.keys) }
      let kinds = try await stage.store.watch([.inbox, other])
      #expect(kinds[.inbox] == Self.expected(kind.profile.extensions))
      await stage.settle()
      stage.server.append(ServerStage.octets(4))
      try await stage.look(until: &seen, .inbox) { $0.contains(.uid(4)) }
      stage.server.expunge(2)
      try await stage.look(until: &seen, .inbox) { !$0.contains(.uid(2)) }
      stage.server.append(ServerStage.octets(5), to: name)
      try await stage.look(until: &seen, other) { $0.contains(.uid(1)) }
      #expect(seen[.inbox] == [.uid(1), .uid(3), .uid(4)])
      #expect(seen[other] == [.uid(1)])
    }
  }

  @Test("hears of folders that come, go and are renamed", arguments: ServerKind.all)
  func folders(_ kind: ServerKind) async throws {
    try await ServerStage.play(kind) { stage in
      _ = try await stage.store.folders()
      _ = try await stage.wide()
      _ = try await stage.store.watch([.inbox])
      await stage.settle()
      let first = try ServerStage.folder("Neu")
      let second = try ServerStage.folder("Älter")
      stage.server.createMailbox(stage.server.name(of: first))
      try await stage.list { $0.contains(first) }
      stage.server.renameMailbox(stage.server.name(of: first), to: stage.server.name(of: second))
      try await stage.list { $0.contains(second) && !$0.contains(first) }
      stage.server.deleteMailbox(stage.server.name(of: second))
      try await stage.list { $0 == [.inbox] }
    }
  }

  @Test("learns by polling what a server never pushes")
  func silentPush() async throws {
    try await ServerStage.play(ServerKind("never pushes")) { stage in
      stage.server.trouble.forgetsToPush = true
      _ = try await stage.store.folders()
      _ = try await stage.wide()
      #expect(try await stage.store.watch([.inbox]) == [.inbox: .notify])
      await stage.settle()
      stage.server.append(ServerStage.octets(1))
      var seen: [FolderName: Set<MessageKey>] = [:]
      try await stage.look(until: &seen, .inbox) { $0.contains(.uid(1)) }
    }
  }

  @Test("looks everywhere after NOTIFY has run over")
  func overflow() async throws {
    try await ServerStage.play(ServerKind("everything")) { stage in
      _ = try await stage.store.folders()
      _ = try await stage.wide()
      _ = try await stage.store.watch([.inbox])
      await stage.settle()
      stage.server.overflowNotify()
      #expect(try await stage.store.nextEvents() == [.everythingUncertain])
      #expect(stage.server.sessions.contains { $0.hasNotify })
    }
  }

  private static func expected(_ extensions: ServerExtensions) -> WatchKind {
    guard extensions.contains(.idle) else { return .poll }
    return extensions.contains(.notify) ? .notify : .idle
  }
}

extension ServerStage {
  /// Follows the store's events, as the engine does, until what was seen is as it should be; lets time pass meanwhile.
  func look(
    until seen: inout [FolderName: Set<MessageKey>], _ folder: FolderName, _ isDone: (Set<MessageKey>) -> Bool
  ) async throws {
    let known = seen
    for _ in 0..<50 where !isDone(seen[folder] ?? []) {
      for event in try await eventsInTime() {
        switch event {
        case .changed(let name): apply(try await store.look(at: name, .pending), to: &seen[name])
        case .uncertain(let name): apply(try await store.look(at: name, .wide(since: nil)), to: &seen[name])
        case .foldersChanged: _ = try await store.folders()
        case .everythingUncertain:
          for name in known.keys.sorted() { apply(try await store.look(at: name, .wide(since: nil)), to: &seen[name]) }
        }
      }
    }
    #expect(isDone(seen[folder] ?? []))
  }

  private func apply(_ look: Look, to seen: inout Set<MessageKey>?) {
    var known = look.coverage == .complete ? [] : seen ?? []
    known.formUnion(look.present.keys)
    known.subtract(look.gone)
    seen = known
  }

  func list(until isDone: (Set<FolderName>) -> Bool) async throws {
    var names: Set<FolderName> = []
    for _ in 0..<50 where !isDone(names) {
      let events = try await eventsInTime()
      guard events.contains(.foldersChanged) else { continue }
      names = Set(try await store.folders().filter(\.holdsMessages).map(\.name))
    }
    #expect(isDone(names))
  }

  /// The next events; time passes until there are some.
  private func eventsInTime() async throws -> [StoreEvent] {
    let waiting = Loop.task { () -> Result<[StoreEvent], any Error> in
      do { return .success(try await store.nextEvents()) } catch { return .failure(error) }
    }
    var isOver = false
    Loop.task {
      _ = await waiting.value
      isOver = true
    }
    for _ in 0..<200 where !isOver {
      await settle()
      if !isOver { clock.advance(by: .seconds(10)) }
    }
    waiting.cancel()
    return try await waiting.value.get()
  }
}
