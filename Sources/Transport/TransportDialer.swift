// Transport: bytes to and from servers. Dialing begins here; TCPStream and CommandStream are what it gives out. Socket
// holds the waiting, TLSSession the TLS. It may import Reactor, Ports, Mail, COpenSSL and CLinux.

package import Ports
package import Reactor

/// Dials hosts over TCP, with TLS from the start where that is asked for, and commands as tunnels.
@Loop
package final class TransportDialer: Dialer {
  private let reactor: Reactor
  private let deadlines: DialDeadlines
  private let resolver: Resolver
  private let commands: any CommandStarter
  private let trust = TLSTrust()

  /// Tunnels are children of this process where no `commands` are given.
  package convenience init(
    reactor: Reactor, commands: (any CommandStarter)? = nil, deadlines: DialDeadlines = DialDeadlines()
  ) {
    self.init(reactor: reactor, commands: commands, deadlines: deadlines, lookUp: Resolver.system)
  }

  init(
    reactor: Reactor, commands: (any CommandStarter)? = nil, deadlines: DialDeadlines,
    lookUp: @escaping Resolver.LookUp
  ) {
    self.reactor = reactor
    self.commands = commands ?? ChildCommands(reactor)
    self.deadlines = deadlines
    resolver = Resolver(reactor, deadline: deadlines.resolution, lookUp: lookUp)
  }

  package func dial(_ endpoint: Endpoint) async throws(StreamError) -> any ByteStream {
    switch endpoint {
    case .host(let host): try await connect(to: host)
    case .tunnel(let command): try CommandStream(reactor, command: command, by: commands)
    }
  }

  private func connect(to endpoint: HostEndpoint) async throws(StreamError) -> TCPStream {
    let addresses = try await resolver.addresses(of: endpoint.host, port: endpoint.port)
    let race = ConnectionRace(
      reactor, to: SocketAddress.interleaved(addresses), name: endpoint.portTitle, host: endpoint.host,
      deadlines: deadlines
    )
    let stream = TCPStream(
      reactor, try await race.run(), to: endpoint, trust: trust, handshakeDeadline: deadlines.tlsHandshake)
    if endpoint.security == .implicitTLS { try await stream.startTLS() }
    return stream
  }
}
