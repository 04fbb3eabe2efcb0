import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Support
import Testing
import Transport

/// Ways to reach a real Dovecot.
@Suite("Connecting to Dovecot")
struct ConnectingTests {
  @Loop
  private static func store(
    _ endpoint: Endpoint, user: String = "a", password: String?, maxConnections: Int = 5
  ) -> IMAPStore {
    let reactor = Reactor.startShared()
    var settings = IMAPSettings(endpoint: endpoint, user: user, maxConnections: maxConnections)
    if let password { settings.password = { () async throws(StoreError) in Secret(password) } }
    return IMAPStore(settings: settings, dialer: TransportDialer(reactor: reactor), clock: ReactorClock(reactor))
  }

  @Test("works by STARTTLS, by implicit TLS and over a preauthenticated tunnel")
  func ways() async throws {
    try await DovecotServer.running { server in
      let client = try await server.client("a")
      try await client.append(letter(1))
      let tunnel = try server.tunnelCommand(user: "a")
      let endpoints: [(Endpoint, String?)] = [
        (
          .host(
            HostEndpoint(
              host: "127.0.0.1", port: server.plainPort, security: .startTLS, caFile: server.authorityFile)), "pw"
        ),
        (
          .host(
            HostEndpoint(
              host: "127.0.0.1", port: server.tlsPort, security: .implicitTLS, caFile: server.authorityFile)), "pw"
        ),
        (.tunnel(command: tunnel), nil),
      ]
      for (endpoint, password) in endpoints {
        try await Reactor.onShared {
          let store = Self.store(endpoint, password: password)
          try await store.open()
          let look = try await store.look(at: .inbox, .wide(since: nil))
          #expect(look.present.count == 1)
          let kinds = try await store.watch([.inbox])
          #expect(kinds == [.inbox: .notify])
          await store.close()
        }
      }
      try await client.logOut()
    }
  }

  @Test("a wrong password is a refused login, and the password is in no message (L13)")
  func wrongPassword() async throws {
    try await DovecotServer.running { server in
      let endpoint = Endpoint.host(
        HostEndpoint(
          host: "127.0.0.1", port: server.tlsPort, security: .implicitTLS, caFile: server.authorityFile))
      try await Reactor.onShared {
        let store = Self.store(endpoint, password: "not-the-one")
        let error = await #expect(throws: StoreError.self) { try await store.open() }
        #expect(error?.kind == .refusedLogin)
        #expect(error?.text.contains("not-the-one") == false)
        await store.close()
      }
    }
  }

  @Test("a certificate that cannot be verified ends it before anything is said (L13)")
  func untrusted() async throws {
    try await DovecotServer.running { server in
      let endpoint = Endpoint.host(HostEndpoint(host: "127.0.0.1", port: server.tlsPort, security: .implicitTLS))
      try await Reactor.onShared {
        let store = Self.store(endpoint, password: "pw")
        let error = await #expect(throws: StoreError.self) { try await store.open() }
        #expect(error?.kind == .untrusted)
        await store.close()
      }
    }
  }

  @Test("nobody there is an account that is out of reach")
  func nobody() async throws {
    let server = try await DovecotServer.started()
    let port = server.tlsPort
    await server.stop()
    try await Reactor.onShared {
      let store = Self.store(
        .host(HostEndpoint(host: "127.0.0.1", port: port, security: .implicitTLS)), password: "pw")
      let error = await #expect(throws: StoreError.self) { try await store.open() }
      #expect(error?.kind == .unavailable)
      await store.close()
    }
  }

  @Test("large messages come and go in pieces, and are the same")
  func large() async throws {
    try await DovecotServer.running { server in
      try await ServerStore.with(server, user: "a") { world in
        let octets = letter(1, body: String(repeating: "0123456789abcdef\r\n", count: 1_000_000))
        _ = try await world.wide(.inbox, since: nil)
        let delivery = try await world.store.delivery(into: .inbox)
        try await delivery.add(
          Letter(ticket: 0, flags: .none, date: nil, key: nil), LetterContent(octets, piece: 65_536))
        let delivered = try #require(try await delivery.commit()[0]?.get())
        var isSame = false
        try await world.store.read([delivered.key], in: .inbox) { _, result async throws(StoreError) in
          isSame = try await result.get().all() == octets
        }
        #expect(isSame)
        let identified = try await world.store.identify([delivered.key], in: .inbox)
        #expect(identified[delivered.key]?.identity == delivered.identity)
      }
    }
  }

  @Test("a hundred folders are listed with their state, and looked at side by side")
  func manyFolders() async throws {
    try await DovecotServer.running { server in
      try await ServerStore.with(server, user: "a") { world in
        let names = (1...100).compactMap { FolderName("Lists/\($0)") }
        for name in names {
          try await world.client.create(name)
          try await world.client.append(letter(1), to: name)
        }
        let entries = try await world.store.folders()
        #expect(entries.filter { $0.checkpoint != nil }.count == 101)
        let store = world.store
        let looks = names.map { name in Loop.task { await Self.count(store, name) } }
        var found = 0
        for look in looks { found += await look.value ?? 0 }
        #expect(found == 100)
      }
    }
  }

  @Loop
  private static func count(_ store: IMAPStore, _ folder: FolderName) async -> Int? {
    do {
      return try await store.look(at: folder, .wide(since: nil)).present.count
    } catch {
      Issue.record(error)
      return nil
    }
  }
}
