import Mail
import Ports
import Reactor
import Simulation
import Support
import Testing

/// A client that speaks line by line to a simulated server, without a network in between.
@Loop
final class ServerDialogue {
  let server: SimulatedServer
  private var session: ServerSession?
  private var heard: [UInt8] = []
  private(set) var isClosed = false

  nonisolated static func play(
    _ profile: ServerProfile = ServerProfile(), logsIn: Bool = true, isConfidential: Bool = true,
    _ body: @escaping @Loop @Sendable (SimulatedServer, ServerDialogue) async throws -> Void
  ) async throws {
    try await Reactor.onShared {
      let clock = SimulatedClock(jump: .seconds(1))
      let server = SimulatedServer(profile: profile, clock: clock, log: EventLog())
      let client = ServerDialogue(server, isConfidential: isConfidential)
      _ = client.take()
      if logsIn { #expect(client.ask("l LOGIN user secret").last?.hasPrefix("l OK") == true) }
      try await body(server, client)
    }
  }

  init(_ server: SimulatedServer, isConfidential: Bool = true) {
    self.server = server
    let wire = ServerWire(
      send: { [unowned self] octets, _ in heard += octets }, close: { [unowned self] in isClosed = true })
    session = server.accept(isConfidential: isConfidential, wire)
  }

  func say(_ text: String) { session?.receive(Array(text.utf8)) }
  func startTLS() { session?.startTLS() }
  func end() { session?.ended() }

  /// The lines said since.
  func take() -> [String] {
    defer { heard = [] }
    return String(decoding: heard, as: UTF8.self).replacing("\r\n", with: "\n").split(separator: "\n").map(String.init)
  }

  func ask(_ line: String) -> [String] {
    say(line + "\r\n")
    return take()
  }
}
