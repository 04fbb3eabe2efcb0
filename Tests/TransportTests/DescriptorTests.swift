import Glibc
import Ports
import Reactor
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct DescriptorTests {
  @Test("every descriptor is given back: streams, failures, tunnels, commands")
  func noLeaks() async {
    // In a process of its own, where nobody else opens any.
    await #expect(processExitsWith: .success) {
      let (before, after) = try await Reactor.onShared { () async throws -> (Int, Int) in
        // Once beforehand: what is opened once for the process stays.
        try await useEverything()
        try await settleChildren()
        let before = openDescriptors()
        for _ in 0..<3 { try await useEverything() }
        try await settleChildren()
        return (before, openDescriptors())
      }
      guard before == after else { fatalError("\(before) descriptors before, \(after) after") }
    }
  }
}

@Loop
private func useEverything() async throws {
  let reactor = Reactor.startShared()
  let server = try await TLSServer()
  let dialer = loopbackDialer(DialDeadlines())
  let stream = try await dialer.dial(.host(server.endpoint()))
  try await stream.write("x\n")
  let cancelled = Loop.beside { () throws(StreamError) in try await stream.read() }
  await settle()
  cancelled.cancel()
  _ = await cancelled.value
  stream.close()
  _ = await failure { () throws(StreamError) in try await dialer.dial(.host(server.endpoint(host: "wrong.test"))) }
  let silent = try PlainServer()
  var endpoint = silent.endpoint
  endpoint.security = .implicitTLS
  let quick = loopbackDialer(DialDeadlines(tlsHandshake: .milliseconds(50)))
  _ = await failure { () throws(StreamError) in try await quick.dial(.host(endpoint)) }
  // Let go of without closing.
  _ = try await dialer.dial(.host(silent.endpoint))
  let refused = HostEndpoint(host: "127.0.0.9", port: silent.port, security: .plaintext)
  let lost = TransportDialer(reactor: reactor)
  _ = await failure { () throws(StreamError) in try await lost.dial(.host(refused)) }
  let tunnel = try await dialer.dial(.tunnel(command: "cat"))
  try await tunnel.write("x")
  tunnel.close()
  _ = try await dialer.dial(.tunnel(command: "sleep 1000"))
  let output = CommandOutput(reactor: reactor, deadline: .milliseconds(50))
  _ = try await CommandOutput(reactor: reactor).firstLine(of: "echo x")
  do throws(CommandError) { _ = try await output.firstLine(of: "sleep 1000") } catch {
    #expect(error.kind == .timedOut)
  }
  server.console.close()
}

/// Waits until every child is reaped.
@Loop
private func settleChildren() async throws {
  let clock = ReactorClock(Reactor.startShared())
  var information = unsafe siginfo_t()
  while unsafe waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == 0 {
    try await clock.sleep(for: .milliseconds(20))
  }
}

private func openDescriptors() -> Int {
  (0..<Int32(1024)).count { fcntl($0, F_GETFD) >= 0 }
}
