package import Ports
package import Support

/// The way between simulated processes and simulated servers. In both directions octets are torn and merged at any place
/// and arrive later, in order; connections are cut, or die without a word.
///
/// It promises TCP's promises: what arrives is a beginning of what was sent. A write returns at once, however much is
/// on its way: there is no back pressure. TLS is a flag, and costs no round trip.
@Loop
package final class SimulatedNetwork {
  package var conditions = NetworkConditions()
  let clock: any LoopClock
  let log: EventLog
  var dice: Dice
  private var servers: [String: SimulatedServer]
  /// Those whose end not both sides know of yet, oldest first.
  private(set) var links: [NetworkLink] = []
  private var lastLink = 0

  /// Servers by host name; a tunnel's by its command.
  package init(servers: [String: SimulatedServer], clock: any LoopClock, dice: Dice, log: EventLog) {
    self.servers = servers
    self.clock = clock
    self.dice = dice
    self.log = log
  }

  /// For one process: when its life ends, its connections do.
  package func dialer(life: Lifeline) -> any Dialer { NetworkDialer(self, life) }

  package var openConnections: Int { links.count }

  // MARK: Trouble

  /// Both sides see the connection close, behind what is on its way or before it, as the dice will have it.
  package func cutAll() {
    log.note("network: cut all")
    for link in links { link.cut() }
  }

  /// Cuts one of the connections; false where there is none.
  @discardableResult
  package func cutOne() -> Bool {
    guard !links.isEmpty else { return false }
    let link = links[dice.below(links.count)]
    log.note("network: cut c\(link.number)")
    link.cut()
    return true
  }

  /// From now on nothing arrives over the connections there are, either way, and nobody is told.
  package func muteAll() {
    log.note("network: mute all")
    for link in links { link.mute() }
  }

  @discardableResult
  package func muteOne() -> Bool {
    guard !links.isEmpty else { return false }
    let link = links[dice.below(links.count)]
    log.note("network: mute c\(link.number)")
    link.mute()
    return true
  }

  /// For the end of a world: lets go of everything, so that its memory is free and no task waits for ever.
  package func shutDown() {
    conditions.refuses = true
    let links = links
    self.links = []
    for link in links { link.drop() }
  }

  // MARK: Connecting

  func dial(_ endpoint: Endpoint, _ life: Lifeline) async throws(StreamError) -> any ByteStream {
    let name = Self.name(endpoint)
    guard life.mayAct("connect to \(name)") else { throw StreamError(.closed, "the process is dead") }
    try await pause(conditions.swallowsDials ? conditions.dialTimeout : delay() + delay())
    guard !life.isDead else { throw StreamError(.closed, "the process is dead") }
    if conditions.swallowsDials { throw StreamError(.timedOut, "\(name): no answer") }
    if conditions.isDown { throw StreamError(.unreachable, "\(name): network is unreachable") }
    guard !conditions.refuses, let server = servers[name] else {
      throw StreamError(.unreachable, "\(name): connection refused")
    }
    let isConfidential = Self.isConfidential(endpoint)
    if conditions.isUntrusted, case .host(let host) = endpoint, host.security == .implicitTLS {
      throw StreamError(.untrusted, "\(name): the certificate is not this server's")
    }
    lastLink += 1
    let link = NetworkLink(lastLink, self, server, life, isConfidential: isConfidential)
    links.append(link)
    log.note("network: c\(link.number) to \(name)")
    link.open(isPreauthenticated: Self.isTunnel(endpoint))
    return link.stream
  }

  private func pause(_ duration: Duration) async throws(StreamError) {
    guard duration > .zero else { return }
    do {
      try await clock.sleep(until: clock.now.advanced(by: duration), tolerance: nil)
    } catch {
      throw StreamError(.cancelled, "stopped")
    }
  }

  /// One way's worth of time.
  func delay() -> Duration {
    let spread = (conditions.delayMax - conditions.delayMin).nanoseconds
    guard spread > 0 else { return conditions.delayMin }
    return conditions.delayMin + .nanoseconds(Int64(dice.next() % UInt64(spread)))
  }

  func forget(_ link: NetworkLink) { links.removeAll { $0 === link } }

  private static func name(_ endpoint: Endpoint) -> String {
    switch endpoint {
    case .host(let host): host.host
    case .tunnel(let command): command
    }
  }

  private static func isTunnel(_ endpoint: Endpoint) -> Bool {
    if case .tunnel = endpoint { true } else { false }
  }

  private static func isConfidential(_ endpoint: Endpoint) -> Bool {
    switch endpoint {
    case .host(let host): host.security == .implicitTLS
    case .tunnel: true
    }
  }
}

/// One process's way into the network.
@Loop
private final class NetworkDialer: Dialer {
  private let network: SimulatedNetwork
  private let life: Lifeline

  init(_ network: SimulatedNetwork, _ life: Lifeline) {
    self.network = network
    self.life = life
  }

  func dial(_ endpoint: Endpoint) async throws(StreamError) -> any ByteStream {
    try await network.dial(endpoint, life)
  }
}
