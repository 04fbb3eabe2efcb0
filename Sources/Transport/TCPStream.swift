import Mail
package import Ports
import Reactor

/// A TCP connection, plain or under TLS. A write that was cancelled or failed may have gone out in part: close then.
@Loop
package final class TCPStream: ByteStream {
  private let reactor: Reactor
  private let socket: Socket
  private let endpoint: HostEndpoint
  private let trust: TLSTrust
  private let deadline: Duration
  private let isLoopback: Bool
  private var tls: TLSSession?
  private var isNegotiating = false

  init(
    _ reactor: Reactor, _ descriptor: consuming FileDescriptor, to endpoint: HostEndpoint, trust: TLSTrust,
    handshakeDeadline: Duration
  ) {
    self.reactor = reactor
    self.endpoint = endpoint
    self.trust = trust
    deadline = handshakeDeadline
    // What is connected counts, not what it is called: a name may point anywhere.
    isLoopback = SocketAddress(peerOf: descriptor.number)?.isLoopback ?? false
    socket = Socket(reactor, descriptor, name: endpoint.portTitle, isTCP: true)
  }

  isolated deinit { close() }

  package var isConfidential: Bool { tls != nil || isLoopback }

  /// Whether TLS was taken up where an earlier connection had left it.
  package var isResumed: Bool { tls?.isResumed ?? false }

  package func read() async throws(StreamError) -> [UInt8] {
    try await socket.complete(.reader, "reading") { () -> Attempt<[UInt8]> in
      if isNegotiating { return .needs(.negotiation) }
      return tls?.receive() ?? socket.receive()
    } ?? []
  }

  package func write(_ bytes: [UInt8]) async throws(StreamError) {
    try await socket.send(all: bytes) { start -> Attempt<Int> in
      if isNegotiating { return .needs(.negotiation) }
      return tls?.send(bytes, from: start) ?? socket.send(bytes, from: start)
    }
  }

  /// Where it fails the stream is closed: nothing may follow in the clear.
  package func startTLS() async throws(StreamError) {
    precondition(tls == nil && !isNegotiating, "TLS begins once")
    guard socket.isOpen else { throw StreamError(.closed, "\(socket.name): STARTTLS: the stream is closed") }
    isNegotiating = true
    defer {
      isNegotiating = false
      socket.negotiationEnded()
    }
    do throws(StreamError) {
      // What arrives after the server's consent and before TLS was not sent by the server we are about to verify. In TLS
      // from the start it is the client that begins.
      guard !socket.hasUnreadBytes else {
        if endpoint.security == .implicitTLS { throw TLSSession.otherProtocol(socket.name) }
        throw StreamError(.untrusted, "\(socket.name): bytes arrived in the clear before TLS began (injection)")
      }
      tls = try await negotiated()
    } catch {
      if error.kind == .untrusted { trust.forget(endpoint.caFile) }
      socket.close()
      throw error
    }
  }

  package func close() {
    guard socket.isOpen else { return }
    tls?.sayGoodbye()
    socket.close()
  }

  private func negotiated() async throws(StreamError) -> TLSSession {
    let session = try TLSSession(try trust.context(endpoint.caFile), on: socket, for: endpoint)
    let timer = LoopTimer(reactor) { [weak socket] in socket?.expire(.negotiator) }
    timer.start(after: deadline)
    defer { timer.cancel() }
    _ = try await socket.complete(.negotiator, "TLS handshake") { session.handshake() }
    return session
  }
}

/// One TLS context for each set of trust anchors, made when first needed. A failed verification lets go of it, so that
/// anchors renewed on disk count at the next attempt.
@Loop
final class TLSTrust {
  private var contexts: [String?: TLSContext] = [:]

  func context(_ caFile: String?) throws(StreamError) -> TLSContext {
    if let context = contexts[caFile] { return context }
    let context = try TLSContext(caFile: caFile)
    contexts[caFile] = context
    return context
  }

  func forget(_ caFile: String?) { contexts[caFile] = nil }
}

extension HostEndpoint {
  /// For messages. Whoever tells them names the host.
  var portTitle: String { "port \(port)" }
}
