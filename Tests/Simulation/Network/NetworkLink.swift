import Ports

/// A connection: two pipes, with a process's stream at one end and a server's session at the other.
@Loop
final class NetworkLink {
  let number: Int
  private weak var network: SimulatedNetwork?
  private let server: SimulatedServer
  private var session: ServerSession?
  private let upstream: NetworkPipe
  private let downstream: NetworkPipe
  let stream: NetworkStream
  private var isServerDone = false
  private var isClientDone = false

  init(
    _ number: Int, _ network: SimulatedNetwork, _ server: SimulatedServer, _ life: Lifeline, isConfidential: Bool
  ) {
    self.number = number
    self.network = network
    self.server = server
    upstream = NetworkPipe(network)
    downstream = NetworkPipe(network)
    stream = NetworkStream(number, life, isConfidential: isConfidential)
    stream.link = self
    life.whenDead { [weak self] in self?.processDied() }
  }

  func open(isPreauthenticated: Bool) {
    upstream.deliver = { [weak self] in self?.reachedServer($0) }
    downstream.deliver = { [weak self] in self?.reachedClient($0) }
    let wire = ServerWire(
      send: { [weak self] octets, delay in self?.downstream.send(.octets(octets), after: delay) },
      close: { [weak self] in self?.serverClosed() })
    session = server.accept(
      isConfidential: stream.isConfidential, isPreauthenticated: isPreauthenticated, wire)
  }

  var isUntrusted: Bool { network?.conditions.isUntrusted ?? false }

  // MARK: The client's end

  func send(_ item: NetworkPipe.Item) { upstream.send(item) }

  /// The process has closed its end: what it wrote before still arrives.
  func clientClosed() {
    upstream.send(.end)
    clientIsDone()
  }

  /// Of what a dead process wrote last, a beginning arrives.
  private func processDied() {
    guard !isClientDone else { return }
    network?.log.note("network: c\(number) loses its process")
    stream.die()
    upstream.cut()
    clientIsDone()
  }

  /// A server that nothing reaches any more would find out by and by: here it does at once.
  private func clientIsDone() {
    if upstream.isMute { isServerDone = true }
    downstream.mute()
    isClientDone = true
    forgetIfDone()
  }

  // MARK: Trouble

  func cut() {
    upstream.cut()
    downstream.cut()
  }

  func mute() {
    upstream.mute()
    downstream.mute()
  }

  /// The world is taken down: nobody is told, and who reads does not wait in vain.
  func drop() {
    mute()
    isClientDone = true
    isServerDone = true
    stream.die()
    session?.ended()
  }

  // MARK: Arriving

  private func reachedServer(_ item: NetworkPipe.Item) {
    switch item {
    case .octets(let octets): session?.receive(octets)
    case .handshake: session?.startTLS()
    case .end:
      session?.ended()
      isServerDone = true
      // A client that was cut off hears of it from its own pipe.
      if !isClientDone { downstream.send(.end) }
      forgetIfDone()
    }
  }

  private func reachedClient(_ item: NetworkPipe.Item) {
    switch item {
    case .octets(let octets): stream.arrived(octets)
    case .handshake: break
    case .end:
      stream.arrivedEnd()
      isClientDone = true
      if !isServerDone { upstream.send(.end) }
      forgetIfDone()
    }
  }

  private func serverClosed() {
    isServerDone = true
    downstream.send(.end)
    upstream.mute()
    forgetIfDone()
  }

  private func forgetIfDone() {
    guard isClientDone, isServerDone else { return }
    session?.ended()
    network?.forget(self)
  }
}
