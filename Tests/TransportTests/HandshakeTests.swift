import Ports
import Reactor
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct HandshakeTests {
  @Loop private static func plain(_ deadlines: DialDeadlines = DialDeadlines()) async throws -> (
    any ByteStream, PlainServer.Peer
  ) {
    let server = try PlainServer()
    var endpoint = server.endpoint
    endpoint.security = .startTLS
    async let peer = server.accept()
    let stream = try await TransportDialer(reactor: Reactor.startShared(), deadlines: deadlines).dial(.host(endpoint))
    return (stream, await peer)
  }

  @Test("STARTTLS turns a plaintext stream into a verified one, under a reader that already waits")
  func upgrade() async throws {
    try await Reactor.onShared {
      let server = try await TLSServer()
      let stream = try await loopbackDialer().dial(.host(server.endpoint(security: .startTLS)))
      let reading = Loop.beside { () throws(StreamError) in try await stream.read() }
      await settle()
      try await stream.startTLS()
      try await server.console.write("hidden\n")
      #expect(try await reading.value.get() == Array("hidden\n".utf8))
    }
  }

  @Test("bytes that came in the clear before TLS are an injection: untrusted, and the stream is closed (L13)")
  func injection() async throws {
    try await Reactor.onShared {
      let (stream, peer) = try await Self.plain()
      await peer.send("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
      let error = await failure { () throws(StreamError) in try await stream.startTLS() }
      #expect(error.kind == .untrusted)
      #expect(error.text.contains("injection"))
      #expect(await failure { () throws(StreamError) in try await stream.write("a LOGIN") }.kind == .closed)
    }
  }

  @Test("a server that is silent in the handshake times out, and the stream is closed")
  func silent() async throws {
    try await Reactor.onShared {
      let (stream, peer) = try await Self.plain(DialDeadlines(tlsHandshake: .milliseconds(80)))
      #expect(await failure { () throws(StreamError) in try await stream.startTLS() }.kind == .timedOut)
      #expect(await failure { () throws(StreamError) in try await stream.write("a LOGIN") }.kind == .closed)
      withExtendedLifetime(peer) {}
    }
  }

  @Test("what is not TLS is untrusted; an end in the handshake is closed")
  func notTLS() async throws {
    try await Reactor.onShared {
      let (stream, peer) = try await Self.plain()
      let upgrading = Loop.beside { () throws(StreamError) in try await stream.startTLS() }
      _ = await peer.receive(1)
      await peer.send("* BAD what is that?\r\n")
      #expect(await upgrading.value.failureKind == .untrusted)
      let (other, otherPeer) = try await Self.plain()
      let ending = Loop.beside { () throws(StreamError) in try await other.startTLS() }
      _ = await otherPeer.receive(1)
      otherPeer.endWriting()
      #expect(await ending.value.failureKind == .closed)
    }
  }

  @Test("a server that speaks first, without TLS, is told with what helps")
  func plainPort() async throws {
    try await Reactor.onShared {
      let server = try PlainServer()
      var endpoint = server.endpoint
      endpoint.security = .implicitTLS
      let dialing = Loop.beside { [endpoint] () throws(StreamError) in
        _ = try await TransportDialer(reactor: Reactor.startShared()).dial(.host(endpoint))
      }
      let peer = await server.accept()
      await peer.send("* OK ready\r\n")
      let error = await failure { () throws(StreamError) in try await dialing.value.get() }
      #expect(error.kind == .unreachable)
      #expect(error.text.hasPrefix("port \(endpoint.port): what answers there does not begin with TLS"))
      #expect(error.text.contains("starttls"))
    }
  }

  @Test("a handshake can be cancelled, and closed from beside")
  func cancelled() async throws {
    try await Reactor.onShared {
      let (stream, peer) = try await Self.plain()
      let upgrading = Loop.beside { () throws(StreamError) in try await stream.startTLS() }
      await settle()
      upgrading.cancel()
      #expect(await upgrading.value.failureKind == .cancelled)
      let (other, otherPeer) = try await Self.plain()
      let closing = Loop.beside { () throws(StreamError) in try await other.startTLS() }
      await settle()
      other.close()
      #expect(await closing.value.failureKind == .closed)
      withExtendedLifetime((peer, otherPeer)) {}
    }
  }
}
