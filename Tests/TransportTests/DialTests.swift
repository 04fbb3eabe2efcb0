import Glibc
import Ports
import Reactor
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct DialTests {
  /// A listener whose queue is full: the kernel drops further attempts, and a connect waits.
  @Loop private static func silentServer() async throws -> (PlainServer, [any ByteStream]) {
    let server = try PlainServer(backlog: 0)
    let quick = TransportDialer(
      reactor: Reactor.startShared(), deadlines: DialDeadlines(connect: .milliseconds(100)))
    var streams: [any ByteStream] = []
    while streams.count < 10 {
      do throws(StreamError) { streams.append(try await quick.dial(.host(server.endpoint))) } catch { break }
    }
    return (server, streams)
  }

  @Loop private static func dialer(
    _ deadlines: DialDeadlines = DialDeadlines(), to addresses: [String]
  ) -> TransportDialer {
    TransportDialer(reactor: Reactor.startShared(), deadlines: deadlines) { _, port throws(StreamError) in
      var all: [SocketAddress] = []
      for address in addresses { all += try SocketAddress.lookUp(address, port: port, isLiteral: true) }
      return all
    }
  }

  @Test("a refused connection is unreachable; the text has port, reason and address")
  func refused() async throws {
    try await Reactor.onShared {
      // 127.0.0.3 has no listener on the port that 127.0.0.1 holds.
      let server = try PlainServer()
      let endpoint = HostEndpoint(host: "mail.test", port: server.port, security: .plaintext)
      let dialer = Self.dialer(to: ["127.0.0.3", "127.0.0.4"])
      let error = await failure { () throws(StreamError) in try await dialer.dial(.host(endpoint)) }
      #expect(error.kind == .unreachable)
      #expect(
        error.text == "port \(server.port): Connection refused (127.0.0.3); Connection refused (127.0.0.4)")
      let literal = HostEndpoint(host: "127.0.0.3", port: server.port, security: .plaintext)
      let named = await failure { () throws(StreamError) in
        try await Self.dialer(to: ["127.0.0.3"]).dial(.host(literal))
      }
      #expect(named.text == "port \(server.port): Connection refused", "who asked for it names it")
    }
  }

  @Test("an address that refuses gives way to the next at once")
  func nextAddress() async throws {
    try await Reactor.onShared {
      let server = try PlainServer()
      let endpoint = HostEndpoint(host: "mail.test", port: server.port, security: .plaintext)
      let dialer = Self.dialer(DialDeadlines(stagger: .seconds(50)), to: ["::1", "127.0.0.3", "127.0.0.1"])
      let stream = try await dialer.dial(.host(endpoint))
      #expect(stream.isConfidential)
    }
  }

  @Test("an address that is silent gives way to the next after the stagger")
  func stagger() async throws {
    try await Reactor.onShared {
      let (silent, streams) = try await Self.silentServer()
      let server = try PlainServer(on: "127.0.0.2", port: silent.port)
      let endpoint = HostEndpoint(host: "mail.test", port: server.port, security: .plaintext)
      let dialer = Self.dialer(DialDeadlines(stagger: .milliseconds(20)), to: ["127.0.0.1", "127.0.0.2"])
      let stream = try await dialer.dial(.host(endpoint))
      async let peer = server.accept()
      try await stream.write("here")
      #expect(await peer.receive(4) == Array("here".utf8))
      withExtendedLifetime(streams) {}
    }
  }

  @Test("a silent server ends at the connect deadline, or when the task is cancelled")
  func connectEnds() async throws {
    try await Reactor.onShared {
      let (silent, streams) = try await Self.silentServer()
      let reactor = Reactor.startShared()
      let quick = TransportDialer(reactor: reactor, deadlines: DialDeadlines(connect: .milliseconds(50)))
      let error = await failure { () throws(StreamError) in try await quick.dial(.host(silent.endpoint)) }
      #expect(error.kind == .timedOut)
      let patient = TransportDialer(reactor: reactor)
      let endpoint = silent.endpoint
      let dialing = Loop.beside { () throws(StreamError) in _ = try await patient.dial(.host(endpoint)) }
      await settle()
      dialing.cancel()
      #expect(await dialing.value.failureKind == .cancelled)
      withExtendedLifetime(streams) {}
    }
  }

  @Test("name resolution does not hold up the loop, and ends at its deadline or when cancelled")
  func resolution() async throws {
    try await Reactor.onShared {
      let gate = try Gate()
      defer { gate.open() }
      let slow: Resolver.LookUp = { _, _ throws(StreamError) in
        gate.pass()
        return []
      }
      let reactor = Reactor.startShared()
      let quick = TransportDialer(
        reactor: reactor, deadlines: DialDeadlines(resolution: .milliseconds(30)), lookUp: slow)
      let endpoint = Endpoint.host(HostEndpoint(host: "slow.test", port: 143, security: .plaintext))
      let error = await failure { () throws(StreamError) in try await quick.dial(endpoint) }
      #expect(error.kind == .timedOut)
      #expect(error.text.contains("not resolved within"))
      let patient = TransportDialer(
        reactor: reactor, deadlines: DialDeadlines(resolution: .seconds(600)), lookUp: slow)
      let dialing = Loop.beside { () throws(StreamError) in _ = try await patient.dial(endpoint) }
      await settle()
      dialing.cancel()
      #expect(await dialing.value.failureKind == .cancelled)
      let vain = TransportDialer(reactor: reactor, deadlines: DialDeadlines()) { _, _ in [] }
      let empty = await failure { () throws(StreamError) in try await vain.dial(endpoint) }
      #expect(empty.kind == .unreachable)
    }
  }

  @Test("a name that is not there is unreachable, with the resolver's words")
  func unknownName() async throws {
    try await Reactor.onShared {
      let dialer = TransportDialer(reactor: Reactor.startShared())
      let endpoint = HostEndpoint(host: "nowhere.invalid", port: 993, security: .implicitTLS)
      let error = await failure { () throws(StreamError) in try await dialer.dial(.host(endpoint)) }
      #expect(error.kind == .unreachable)
      #expect(error.text.hasPrefix("the name could not be resolved: "))
    }
  }

  @Test(
    "loopback is known by the address",
    arguments: [
      ("127.0.0.1", true), ("127.255.0.9", true), ("::1", true), ("::ffff:127.0.0.1", true), ("192.0.2.1", false),
      ("::ffff:192.0.2.1", false), ("2001:db8::1", false), ("::", false), ("0.0.0.0", false),
    ])
  func loopback(_ text: String, _ isLoopback: Bool) throws {
    let address = try #require(try SocketAddress.lookUp(text, port: 1, isLiteral: true).first)
    #expect(address.isLoopback == isLoopback)
  }

  @Test("families alternate, the preferred one first (RFC 8305)")
  func interleaving() throws {
    let texts = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1", "192.0.2.2"]
    let addresses = try texts.flatMap { try SocketAddress.lookUp($0, port: 1, isLiteral: true) }
    #expect(
      SocketAddress.interleaved(addresses).map(\.text)
        == ["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "2001:db8::3"])
  }

  @Test(
    "only addresses in number form are literals",
    arguments: [
      ("192.0.2.1", true), ("2001:db8::1", true), ("fe80::1%eth0", true), ("imap.example.org", false), ("", false),
      ("1.2.3", false),
    ])
  func literals(_ host: String, _ isLiteral: Bool) { #expect(SocketAddress.isLiteral(host) == isLiteral) }
}

/// Holds threads up until it is opened.
private final class Gate: Sendable {
  private let inner: FileDescriptor
  private let outer: FileDescriptor

  init() throws {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0, let inner = FileDescriptor(owning: ends[0]),
      let outer = FileDescriptor(owning: ends[1])
    else { throw PlainServer.SetupError() }
    self.inner = inner
    self.outer = outer
  }

  func pass() {
    var byte: UInt8 = 0
    _ = unsafe recv(inner.number, &byte, 1, 0)
  }

  func open() { shutdown(outer.number, Int32(SHUT_RDWR)) }
}
