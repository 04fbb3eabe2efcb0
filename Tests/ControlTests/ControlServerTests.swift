import Control
import Ports
import Reactor
import Support
import Testing
import Transport

@Suite("The control server")
struct ControlServerTests {
  @Test("answers a request for the status")
  func status() async throws {
    try await ControlFixture.run { fixture in
      let answer = try await fixture.client().status()
      #expect(answer == .success(Sample.status))
    }
  }

  @Test("is told apart by its callers from one that is there and silent")
  func silent() async throws {
    let folder = try TemporaryDirectory("silent")
    try await Reactor.onShared {
      let reactor = Reactor.startShared()
      let listener = try UnixListener(reactor, path: folder.appending("control.sock"))
      let stream = try #require(try UnixSocket.connect(reactor, path: folder.appending("control.sock")))
      let client = ControlClient(stream, clock: ReactorClock(reactor), answerDeadline: .milliseconds(50))
      let error = await #expect(throws: ControlError.self) { try await client.status() }
      #expect(error?.kind == .silent)
      listener.close()
    }
  }

  @Test("hands a sync over, tells its progress and reports")
  func sync() async throws {
    try await ControlFixture.run { fixture in
      fixture.service.progress = [Sample.progress]
      let holding = WaitingPlace<Void>()
      fixture.service.holding = holding
      var heard: [SyncProgress] = []
      let result = try await fixture.client().sync(Sample.syncRequest) {
        heard.append($0)
        holding.resume(returning: ())
      }
      #expect(result == .success(Sample.report()))
      #expect(heard == [Sample.progress])
      #expect(fixture.service.requests == [Sample.syncRequest])
    }
  }

  @Test("sends a report of any length, in pieces")
  func longReport() async throws {
    try await ControlFixture.run { fixture in
      let report = Sample.report(problems: 1_234, steps: 3_001)
      fixture.service.answer = .success(report)
      let answer = try await fixture.client().sync(Sample.syncRequest) { _ in }
      #expect(answer == .success(report))
    }
  }

  @Test("passes a refusal on")
  func refusal() async throws {
    try await ControlFixture.run { fixture in
      let refusal = Refusal(exitCode: 64, text: "no such account")
      fixture.service.answer = .failure(refusal)
      let answer = try await fixture.client().sync(Sample.syncRequest) { _ in }
      #expect(answer == .failure(refusal))
    }
  }

  @Test("tells a watcher each change, and lets go of one that leaves")
  func watch() async throws {
    try await ControlFixture.run { fixture in
      let client = try fixture.client()
      try await client.send(.watch)
      #expect(try await client.reply() == .status(Sample.status))
      let empty = StatusReport(daemon: nil, accounts: [])
      fixture.service.setStatus(empty)
      #expect(try await client.reply() == .status(empty))
      await fixture.service.watcherIsWaiting()
      client.close()
      await fixture.service.watcherIsGone()
    }
  }

  @Test("refuses what is no request", arguments: ["GET / HTTP/1.1\n", "\n", #"{"version":1,"destroy":{}}"# + "\n"])
  func nonsense(text: String) async throws { try await expectRefusal(of: Array(text.utf8)) }

  @Test("refuses a request without an end")
  func endless() async throws {
    try await expectRefusal(of: Array(repeating: UInt8(ascii: "x"), count: ControlWire.requestLengthMax + 1))
  }

  private func expectRefusal(of bytes: [UInt8]) async throws {
    try await ControlFixture.run { fixture in
      let stream = try fixture.connect()
      try await stream.write(bytes)
      let answer = try await stream.readAll()
      #expect(answer.hasPrefix(#"{"refused":{"exit_code":64,"text":"#))
    }
  }

  @Test("says so where the caller is of another version")
  func otherVersion() async throws {
    try await ControlFixture.run { fixture in
      let stream = try fixture.connect()
      try await stream.write(Array(#"{"version":2,"conquer":{}}"#.utf8 + [10]))
      #expect(try await stream.readAll().contains("speaks version 1 on its control socket, not 2"))
    }
  }

  @Test("sends the caller away that is one too many, and serves the others")
  func tooMany() async throws {
    try await ControlFixture.run { fixture in
      var silent: [any ByteStream] = []
      for _ in 0..<ControlServer.callersMax { silent.append(try fixture.connect()) }
      let surplus = try fixture.connect()
      #expect(try await surplus.readAll().contains("too many callers"))
      try await silent[0].write(try ControlWire.line(ControlRequest.status))
      #expect(try await silent[0].readAll().contains(#""name":"work""#))
    }
  }

  @Test("ends with its callers when it is stopped")
  func stop() async throws {
    try await ControlFixture.run { fixture in
      fixture.service.holding = WaitingPlace<Void>()
      let client = try fixture.client()
      try await client.send(.sync(Sample.syncRequest))
      if fixture.service.requests.isEmpty { _ = await fixture.service.requested.wait() }
      await fixture.stop()
      await #expect(throws: ControlError.self) {
        guard try await client.reply() != nil else { throw ControlError(.disconnected, "closed") }
      }
    }
  }
}
