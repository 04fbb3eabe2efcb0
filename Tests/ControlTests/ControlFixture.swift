import Control
import Mail
import Ports
import Reactor
import Support
import Testing
import Transport

/// A control server on a real socket, for the length of a test.
@Loop
final class ControlFixture {
  let service = RecordingService()
  let path: String
  let reactor = Reactor.startShared()
  private let folder: TemporaryDirectory
  private var server: Task<Void, Never>?

  init() throws {
    folder = try TemporaryDirectory("control")
    path = folder.appending("run/control.sock")
    let listener = try UnixListener(reactor, path: path)
    // The loop is shared with hundreds of tests: a caller may have to wait for its turn.
    let server = ControlServer(listener, service, clock: ReactorClock(reactor), requestDeadline: .seconds(600))
    self.server = Loop.task { await server.run() }
  }

  func connect() throws -> any ByteStream { try #require(try UnixSocket.connect(reactor, path: path)) }
  /// For the same reason.
  func client(answerDeadline: Duration = .seconds(600)) throws -> ControlClient {
    ControlClient(try connect(), clock: ReactorClock(reactor), answerDeadline: answerDeadline)
  }

  /// Ends the server and all callers.
  func stop() async {
    server?.cancel()
    await server?.value
  }

  /// Runs `body` on the loop with a server that is gone afterwards.
  nonisolated static func run(_ body: @escaping @Loop @Sendable (ControlFixture) async throws -> Void) async throws {
    try await Reactor.onShared {
      let fixture = try ControlFixture()
      do {
        try await body(fixture)
      } catch {
        await fixture.stop()
        throw error
      }
      await fixture.stop()
    }
  }
}

extension ByteStream {
  /// What comes until the other end closes.
  func readAll() async throws -> String {
    var all: [UInt8] = []
    while true {
      let bytes = try await read()
      if bytes.isEmpty { return String(decoding: all, as: UTF8.self) }
      all += bytes
    }
  }
}
