import Glibc
import Ports
import Reactor
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct TLSTests {
  @Test("a verified server is talked to confidentially, both ways")
  func verified() async throws {
    try await Reactor.onShared {
      let server = try await TLSServer()
      let stream = try await loopbackDialer().dial(.host(server.endpoint()))
      #expect(stream.isConfidential)
      try await stream.write("from client\n")
      _ = try await server.console.read(through: "from client")
      try await server.console.write("hello from server\n")
      #expect(try await stream.read(through: "\n") == "hello from server\n")
    }
  }

  @Test("an address is verified as an address, without a server name")
  func addressLiteral() async throws {
    try await Reactor.onShared {
      let server = try await TLSServer(options: "-tlsextdebug")
      for (host, isNamed) in [("127.0.0.1", false), (Certificates.name, true)] {
        let stream = try await loopbackDialer().dial(.host(server.endpoint(host: host)))
        try await stream.write("done\n")
        let report = try await server.console.read(through: "done\n")
        #expect(report.contains(#"extension "server name""#) == isNamed)
        stream.close()
      }
    }
  }

  @Test(
    "a server that cannot be verified is untrusted, and the text says why (L13)",
    arguments: [
      ("good", "wrong.example.test", "", "hostname mismatch"),
      ("good", "127.0.0.2", "", "IP address mismatch"),
      ("other", Certificates.name, "", "hostname mismatch"),
      ("cn", Certificates.name, "", "hostname mismatch (only the names in its subjectAltName count)"),
      ("expired", Certificates.name, "", "certificate has expired"),
      ("self", Certificates.name, "", "self-signed certificate"),
      ("good", Certificates.name, "-tls1_1 -cipher DEFAULT@SECLEVEL=0", "protocol"),
    ])
  func refused(_ certificate: String, _ host: String, _ options: String, _ reason: String) async throws {
    try await Reactor.onShared {
      let server = try await TLSServer(certificate: certificate, options: options)
      // 127.0.0.2 reaches only what listens everywhere, so the literal is looked up like a name here.
      let dialer = loopbackDialer()
      let error = await failure { () throws(StreamError) in
        if host == "127.0.0.2" { return try await Self.overTunnelledAddress(server, host) }
        _ = try await dialer.dial(.host(server.endpoint(host: host)))
      }
      #expect(error.kind == .untrusted)
      #expect(error.text.contains(reason), "\(error.text)")
      #expect(error.text.hasPrefix("port \(server.port): "))
    }
  }

  /// A stream connected to 127.0.0.1 that believes to be at another address.
  @Loop private static func overTunnelledAddress(_ server: TLSServer, _ host: String) async throws(StreamError) {
    let reactor = Reactor.startShared()
    let addresses = try SocketAddress.lookUp("127.0.0.1", port: server.port, isLiteral: true)
    let race = ConnectionRace(reactor, to: addresses, name: "test", deadlines: DialDeadlines())
    let stream = TCPStream(
      reactor, try await race.run(), to: server.endpoint(host: host), trust: TLSTrust(),
      handshakeDeadline: .seconds(30))
    try await stream.startTLS()
  }

  @Test("without the ca_file the same server is untrusted; an unreadable ca_file is named")
  func anchors() async throws {
    try await Reactor.onShared {
      let server = try await TLSServer()
      var endpoint = server.endpoint()
      endpoint.caFile = nil
      let unknown = await failure { () throws(StreamError) in try await loopbackDialer().dial(.host(endpoint)) }
      #expect(unknown.kind == .untrusted)
      endpoint.caFile = "/nowhere/ca.pem"
      let missing = await failure { () throws(StreamError) in try await loopbackDialer().dial(.host(endpoint)) }
      #expect(missing.kind == .untrusted)
      #expect(missing.text == "ca_file /nowhere/ca.pem could not be read: No such file or directory")
    }
  }

  @Test("a server's own certificate as ca_file is trusted")
  func pinned() async throws {
    try await Reactor.onShared {
      for certificate in ["self", "good"] {
        let server = try await TLSServer(certificate: certificate)
        var endpoint = server.endpoint()
        endpoint.caFile = try await Certificates.directory.value + "/\(certificate).pem"
        let stream = try await loopbackDialer().dial(.host(endpoint))
        #expect(stream.isConfidential)
      }
    }
  }

  @Test("a second connection resumes the session", arguments: ["-tls1_2", "-tls1_3"])
  func resumption(_ version: String) async throws {
    try await Reactor.onShared {
      let server = try await TLSServer(options: version)
      let dialer = loopbackDialer()
      var resumed: [Bool] = []
      for _ in 0..<3 {
        let stream = try #require(try await dialer.dial(.host(server.endpoint())) as? TCPStream)
        try await server.console.write("x\n")
        _ = try await stream.read(through: "x")
        resumed.append(stream.isResumed)
        stream.close()
        _ = try await server.console.read(through: "DONE")
      }
      #expect(resumed == [false, true, true])
    }
  }

  @Test(
    "messages of TLS's own without end do not hold the loop, and some in a row cost nothing (L11)",
    arguments: [-1, 0, 1])
  func keyUpdates(beyond: Int) async throws {
    try await Reactor.onShared {
      let server = try await TLSServer(options: "-tls1_3 -msg")
      let stream = try await loopbackDialer().dial(.host(server.endpoint()))
      try await server.console.write("x\n")
      // With the tickets before it.
      #expect(try await stream.read(through: "x\n") == "x\n")
      for _ in 0..<(TLSSession.ownMessagesMax + beyond) {
        try await server.console.write("k\n")
        _ = try await server.console.read(through: ">>> TLS 1.3, Handshake [length 0005], KeyUpdate")
      }
      try await server.console.write("y\n")
      if beyond <= 0 {
        #expect(try await stream.read(through: "y\n") == "y\n")
      } else {
        let error = await failure { () throws(StreamError) in try await stream.read() }
        #expect(error.kind == .closed)
        #expect(error.text.hasSuffix("the server sends messages of TLS's own, and no data"))
      }
    }
  }

  @Test("50 MB each way at once through TLS arrive whole")
  func transfer() async throws {
    try await Reactor.onShared {
      let server = try await TLSServer()
      let stream = try await loopbackDialer().dial(.host(server.endpoint()))
      // Digits only: s_server obeys letters at the beginning of a read.
      let bytes = pattern(50 << 20, of: Array("0123456789".utf8))
      try await stream.write("START\n")
      _ = try await server.console.read(through: "START\n")
      let console = server.console
      let toServer = Loop.beside { () throws(StreamError) in try await stream.write(bytes) }
      let fromServer = Loop.beside { () throws(StreamError) in try await console.write(bytes) }
      let atServer = Loop.beside { () throws(StreamError) in try await console.read(count: bytes.count) }
      let here = try await stream.read(count: bytes.count)
      let there = try await atServer.value.get()
      #expect(await toServer.value.failureKind == nil)
      #expect(await fromServer.value.failureKind == nil)
      let isWhole = areEqual(here, bytes) && areEqual(there, bytes)
      #expect(isWhole)
    }
  }

  @Test("an orderly end is an end; a connection cut off is an error")
  func ends() async throws {
    try await Reactor.onShared {
      let server = try await TLSServer(options: "-rev")
      let stream = try await loopbackDialer().dial(.host(server.endpoint()))
      try await stream.write("CLOSE\n")
      #expect(try await stream.read() == [])
      let doomed = try await TLSServer(options: "-naccept 1")
      let cut = try await loopbackDialer().dial(.host(doomed.endpoint()))
      try await doomed.console.write("y\n")
      #expect(try await cut.read(through: "y") == "y\n")
      doomed.console.close()
      #expect(await failure { () throws(StreamError) in try await cut.read() }.kind == .closed)
    }
  }

  @Test("close and cancellation end what is pending under TLS too")
  func pending() async throws {
    try await Reactor.onShared {
      let server = try await TLSServer()
      let stream = try await loopbackDialer().dial(.host(server.endpoint()))
      let cancelled = Loop.beside { () throws(StreamError) in try await stream.read() }
      await settle()
      cancelled.cancel()
      #expect(await cancelled.value.failureKind == .cancelled)
      let closed = Loop.beside { () throws(StreamError) in try await stream.read() }
      await settle()
      stream.close()
      #expect(await closed.value.failureKind == .closed)
    }
  }
}
