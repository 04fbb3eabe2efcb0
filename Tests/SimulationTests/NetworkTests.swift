import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Support
import Testing

@Suite("The simulated network", .timeLimit(.minutes(1)))
struct NetworkTests {
  private static let endpoint = Endpoint.host(
    HostEndpoint(host: "imap.example.org", port: 993, security: .implicitTLS))

  private static func plain(_ security: HostEndpoint.Security) -> Endpoint {
    .host(HostEndpoint(host: "imap.example.org", port: 143, security: security))
  }

  @Test("tears and merges, and loses nothing", arguments: 1...20)
  func tearing(seed: UInt64) async throws {
    try await Reactor.onShared {
      let stage = ServerStage(ServerKind("lively") { $0.conditions = .lively }, seed: seed)
      let stream = try await stage.network.dialer(life: stage.life).dial(Self.endpoint)
      _ = try await stream.read()
      try await stream.write(Array("a LOGIN user secret\r\nb APPEND INBOX {3000+}\r\n".utf8))
      let body = (0..<3000).map { UInt8(truncatingIfNeeded: $0 % 251) | 1 }
      try await stream.write(body + Array("\r\nc SELECT INBOX\r\nd UID FETCH 1 (BODY.PEEK[])\r\ne LOGOUT\r\n".utf8))
      var heard: [UInt8] = []
      var reads = 0
      while true {
        let piece = try await stream.read()
        if piece.isEmpty { break }
        heard += piece
        reads += 1
      }
      #expect(heard.firstRange(of: Array("BODY[] {3000}\r\n".utf8) + body) != nil)
      #expect(String(decoding: heard.suffix(24), as: UTF8.self).hasSuffix("e OK LOGOUT completed\r\n"))
      stream.close()
      await stage.settle()
      #expect(stage.network.openConnections == 0)
    }
  }

  @Test("shows both sides the end of a connection that is cut")
  func cutting() async throws {
    try await Reactor.onShared {
      let stage = ServerStage(ServerKind("everything"))
      let stream = try await stage.network.dialer(life: stage.life).dial(Self.endpoint)
      _ = try await stream.read()
      stage.network.cutAll()
      #expect(try await stream.read() == [])
      await #expect(throws: StreamError.self) { try await stream.write([65]) }
      await stage.settle()
      #expect(stage.server.sessions.isEmpty)
      #expect(stage.network.openConnections == 0)
    }
  }

  @Test("lets a connection die without a word")
  func muting() async throws {
    try await Reactor.onShared {
      let stage = ServerStage(ServerKind("everything"))
      let stream = try await stage.network.dialer(life: stage.life).dial(Self.endpoint)
      _ = try await stream.read()
      stage.network.muteAll()
      try await stream.write(Array("a NOOP\r\n".utf8))
      let reading = Loop.task { () -> [UInt8]? in
        do { return try await stream.read() } catch { return nil }
      }
      await stage.settle()
      #expect(stage.server.sessions.count == 1)
      stream.close()
      #expect(await reading.value == nil)
      await stage.settle()
      #expect(stage.server.sessions.isEmpty)
    }
  }

  @Test("lets go of everything at the end of a world")
  func shutDown() async throws {
    try await Reactor.onShared {
      let stage = ServerStage(ServerKind("lively") { $0.conditions = .lively })
      try await stage.store.open()
      _ = try await stage.store.watch([.inbox])
      stage.network.shutDown()
      await #expect(throws: StoreError.self) {
        while true { _ = try await stage.store.nextEvents() }
      }
      #expect(stage.server.sessions.isEmpty)
      #expect(stage.network.openConnections == 0)
      await stage.store.close()
    }
  }

  @Test("does not connect where there is nobody, no way, or no trust")
  func dialing() async throws {
    try await Reactor.onShared {
      let stage = ServerStage(ServerKind("everything"))
      let dialer = stage.network.dialer(life: stage.life)
      @Loop func kind() async -> StreamError.Kind? {
        do throws(StreamError) {
          let stream = try await dialer.dial(Self.endpoint)
          stream.close()
          return nil
        } catch {
          return error.kind
        }
      }
      stage.network.conditions.isDown = true
      #expect(await kind() == .unreachable)
      stage.network.conditions = NetworkConditions()
      stage.network.conditions.refuses = true
      #expect(await kind() == .unreachable)
      stage.network.conditions = NetworkConditions()
      stage.network.conditions.isUntrusted = true
      #expect(await kind() == .untrusted)
      stage.network.conditions = NetworkConditions()
      stage.network.conditions.swallowsDials = true
      stage.network.conditions.dialTimeout = .seconds(1)
      #expect(await kind() == .timedOut)
      stage.network.conditions = NetworkConditions()
      #expect(await kind() == nil)
      let elsewhere = HostEndpoint(host: "elsewhere", port: 993, security: .implicitTLS)
      await #expect(throws: StreamError.self) { _ = try await dialer.dial(.host(elsewhere)) }
    }
  }

  @Test("takes TLS for a promise that begins with STARTTLS (L13)")
  func startTLS() async throws {
    try await Reactor.onShared {
      let stage = ServerStage(ServerKind("STARTTLS") { $0.profile.offersStartTLS = true })
      let stream = try await stage.network.dialer(life: stage.life).dial(Self.plain(.startTLS))
      #expect(!stream.isConfidential)
      _ = try await stream.read()
      try await stream.write(Array("a STARTTLS\r\n".utf8))
      _ = try await stream.read()
      try await stream.startTLS()
      try await stream.write(Array("b LOGIN user secret\r\n".utf8))
      _ = try await stream.read()
      #expect(stream.isConfidential)
      #expect(stage.server.record.logins.map(\.wasConfidential) == [true])
      stream.close()
      await stage.settle()
    }
  }

  @Test("ends with the process: what was to be its last write never leaves", arguments: 1...12)
  func death(step: Int) async throws {
    try await Reactor.onShared {
      let stage = ServerStage(ServerKind("everything"), life: Lifeline(deathStep: step, keepsNames: true))
      stage.server.append(ServerStage.octets(1))
      do {
        try await stage.store.open()
        _ = try await stage.store.folders()
        _ = try await stage.wide()
        _ = try await stage.deliver([ServerStage.mail(2)])
        _ = try await stage.store.delete([.uid(1)], in: .inbox)
      } catch {
        #expect(stage.life.isDead)
      }
      await stage.store.close()
      await stage.settle()
      #expect(stage.server.sessions.isEmpty)
      #expect(stage.network.openConnections == 0)
      #expect(!stage.life.names.contains { $0.contains("secret") })
      // The message is there whole, or not at all.
      #expect(stage.texts().allSatisfy { $0 == ServerStage.mail(1) || $0 == ServerStage.mail(2) })
    }
  }

  @Test("is the same again with the same seed, and another with another")
  func determinism() async throws {
    let kind = ServerKind("full of surprises") {
      $0.profile.surprisePercent = 40
      $0.conditions = .lively
    }
    var prints: [UInt64] = []
    for seed in [7, 7, 8] as [UInt64] {
      prints.append(
        try await ServerStage.play(kind, seed: seed) { stage in
          for number in 1...5 { stage.server.append(ServerStage.octets(number)) }
          _ = try await stage.store.folders()
          _ = try await stage.wide()
          _ = try await stage.deliver((6...9).map { ServerStage.mail($0) })
          _ = try await stage.store.delete([.uid(2)], in: .inbox)
          stage.log.note("\(stage.clock.now.nanoseconds) \(stage.network.openConnections)")
          return stage.log.fingerprint
        })
    }
    #expect(prints[0] == prints[1])
    #expect(prints[0] != prints[2])
  }
}
