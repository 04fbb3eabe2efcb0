import Engine
import Mail
import Ports
import Reconciliation
import Support
import Testing

/// What real servers push, and what the store makes of it.
@Suite("Watching a real server")
struct WatchTests {
  static let archive = FolderName("Archive") ?? .inbox
  static let limit = Duration.seconds(20)

  /// Quick polls, where there is no push.
  static var timing: IMAPTiming {
    var timing = IMAPTiming()
    timing.poll = .milliseconds(200)
    return timing
  }

  @Test("knows which way there is to watch", arguments: Peer.allCases)
  func kinds(peer: Peer) async throws {
    try await peer.with(maxConnections: 3) { world in
      try await world.client.create(Self.archive)
      _ = try await world.store.folders()
      let kinds = try await world.store.watch([.inbox, Self.archive])
      switch peer {
      case .dovecot: #expect(kinds == [.inbox: .notify, Self.archive: .notify])
      case .withoutNotify, .withoutQResync, .withoutCondStore, .cyrus:
        #expect(kinds == [.inbox: .idle, Self.archive: .idle])
      case .bare: #expect(kinds == [.inbox: .poll, Self.archive: .poll])
      }
    }
  }

  @Test("hears of new mail, flags and expunges, in both folders", arguments: Peer.allCases)
  func hears(peer: Peer) async throws {
    try await peer.with(timing: Self.timing, maxConnections: 3) { world in
      try await world.client.create(Self.archive)
      _ = try await world.store.folders()
      _ = try await world.store.watch([.inbox, Self.archive])
      for folder in [FolderName.inbox, Self.archive] {
        let empty = try await world.wide(folder, since: nil)
        #expect(empty.coverage == .complete && empty.present.isEmpty)
      }
      for folder in [FolderName.inbox, Self.archive] {
        try await world.client.append(letter(1), to: folder, flags: FlagSet([.seen]))
        try await world.until(folder) { $0[.uid(1)]?.flags == FlagSet([.seen]) }
        // Without CONDSTORE a poll does not see flags: that is what full passes are for.
        if peer != .bare {
          try await world.client.store(.add, FlagSet([.flagged]), on: [1], in: folder)
          try await world.until(folder) { $0[.uid(1)]?.flags == FlagSet([.seen, .flagged]) }
        }
        var read: [UInt8] = []
        try await world.store.read([.uid(1)], in: folder) { _, result async throws(StoreError) in
          read = try await result.get().all()
        }
        #expect(read == letter(1))
        try await world.client.expunge([1], in: folder)
        try await world.until(folder) { $0.isEmpty }
      }
    }
  }

  @Test("a folder that comes, is renamed or goes is told", arguments: [Peer.dovecot, .withoutNotify, .cyrus])
  func foldersChange(peer: Peer) async throws {
    var timing = Self.timing
    timing.slowPoll = .milliseconds(300)
    let quick = timing
    try await peer.with(timing: quick) { world in
      _ = try await world.store.folders()
      _ = try await world.store.watch([.inbox])
      _ = try await world.wide(.inbox, since: nil)
      try await world.client.create(Self.archive)
      try await world.wait(for: .foldersChanged)
      #expect(try await world.store.folders().contains { $0.name == Self.archive })
      try await world.client.delete(Self.archive)
      try await world.wait(for: .foldersChanged)
    }
  }

  @Test("a connection that is cut breaks the watch, and the next one tells what was missed")
  func kicked() async throws {
    try await DovecotServer.running { server in
      try await ServerStore.with(server, user: "a") { world in
        _ = try await world.store.folders()
        _ = try await world.store.watch([.inbox])
        let look = try await world.wide(.inbox, since: nil)
        try await server.kick("a")
        let error = await #expect(throws: StoreError.self) {
          while true { _ = try await world.store.nextEvents() }
        }
        #expect(error?.scope == .account)
        #expect(error?.kind == .unavailable)
        let other = try await server.client("a")
        try await other.append(letter(1))
        try await world.store.open()
        _ = try await world.store.watch([.inbox])
        #expect(try await world.wide(.inbox, since: look.checkpoint).present[.uid(1)] != nil)
        try await other.logOut()
      }
    }
  }

  @Test("a server that allows few connections is content, and everything still works")
  func fewConnections() async throws {
    try await DovecotServer.running(
      DovecotOptions(capability: Peer.withoutNotify.capability, connectionsMax: 3)
    ) { server in
      try await ServerStore.with(server, user: "a") { world in
        let names = (1...4).compactMap { FolderName("F\($0)") }
        for name in names { try await world.client.create(name) }
        _ = try await world.store.folders()
        // One connection is the client's, so two are left.
        let kinds = try await world.store.watch([.inbox] + names)
        #expect(kinds[.inbox] == .idle)
        for name in names {
          try await world.client.append(letter(1), to: name)
          #expect(try await world.wide(name, since: nil).present.count == 1)
        }
        try await world.client.append(letter(1))
        try await world.until(.inbox) { $0.count == 1 }
      }
    }
  }

  @Test("another UIDVALIDITY stops what is dangerous, and the next look tells it")
  func renumbered() async throws {
    try await DovecotServer.running { server in
      try await ServerStore.with(server, user: "a") { world in
        try await world.client.append(letter(1))
        let before = try await world.wide(.inbox, since: nil)
        try await server.setUIDValidity(4711, user: "a")
        let again = ServerStore.store(on: server, user: "a")
        _ = again
        await #expect(throws: StoreError.self) { _ = try await world.store.delete([.uid(1)], in: .inbox) }
        try await world.store.open()
        await #expect(throws: StoreError.self) { _ = try await world.store.delete([.uid(1)], in: .inbox) }
        let look = try await world.wide(.inbox, since: before.checkpoint)
        #expect(look.coverage == .complete)
        #expect(look.present.count == 1)
        guard case .imap(let state)? = look.checkpoint else { return }
        #expect(state.uidValidity.rawValue == 4711)
        #expect(try await world.store.delete([.uid(1)], in: .inbox).gone == [.uid(1)])
      }
    }
  }
}

extension ServerStore {
  /// Follows the store's events from an empty folder on, until what it showed is as wished.
  func until(_ folder: FolderName, _ isReached: ([MessageKey: Observation]) -> Bool) async throws {
    var shown: [MessageKey: Observation] = try await wide(folder, since: nil).present
    while !isReached(shown) {
      let look = try await nextLook(at: folder)
      if look.coverage == .complete { shown = [:] }
      shown.merge(look.present) { _, new in new }
      for key in look.gone { shown[key] = nil }
    }
  }

  func wait(for event: StoreEvent) async throws {
    while try await !store.nextEvents().contains(event) {}
  }
}
