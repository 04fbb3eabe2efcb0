import Mail

/// An ordered, two-way stream of bytes: a socket, TLS on one, or a command's stdio.
///
/// One reader and one writer at a time. Reading never waits for writing, nor the other way round.
@Loop
package protocol ByteStream: AnyObject, Sendable {
  /// The next bytes, at most 64 KiB; empty at the end of the stream.
  func read() async throws(StreamError) -> [UInt8]

  /// Returns when the transport has taken all of it; bounded by what the peer reads.
  func write(_ bytes: [UInt8]) async throws(StreamError)

  /// Begins TLS on a plaintext stream. Bytes that arrived before it are an error (response injection).
  func startTLS() async throws(StreamError)

  /// At once; pending reads and writes end with `.closed`.
  func close()

  /// True where bytes are protected: TLS, a loopback address or a tunnel (law L13).
  var isConfidential: Bool { get }
}

@Loop
package protocol Dialer: AnyObject, Sendable {
  /// Resolves, connects, and for implicit TLS shakes hands; within the dialer's own deadlines.
  func dial(_ endpoint: Endpoint) async throws(StreamError) -> any ByteStream
}

/// Where a server is and how it is to be trusted.
package enum Endpoint: Hashable, Sendable {
  case host(HostEndpoint)
  /// A command whose stdin and stdout are a preauthenticated session; run by `/bin/sh -c`.
  case tunnel(command: String)
}

extension Endpoint {
  /// For messages to people: the host, and its port where that is not the usual one, so that two servers on one host are
  /// told apart.
  package var title: String {
    guard case .host(let host) = self, host.port != host.security.usualPort else { return hostTitle }
    return (host.host.contains(":") ? "[\(hostTitle)]" : hostTitle) + ":\(host.port)"
  }

  /// The same for a message that goes on to name the port.
  package var hostTitle: String {
    switch self {
    case .host(let host): printable(host.host)
    // The command may hold a secret (law L13).
    case .tunnel: "tunnel"
    }
  }
}

package struct HostEndpoint: Hashable, Sendable {
  package enum Security: Hashable, Sendable {
    case implicitTLS, startTLS, plaintext

    /// RFC 8314 §3.2, RFC 9051 §2.1.
    var usualPort: UInt16 { self == .implicitTLS ? 993 : 143 }
  }

  /// A name, or an IPv4 or IPv6 literal.
  package var host: String
  package var port: UInt16
  package var security: Security
  /// A PEM file of trust anchors besides the system's.
  package var caFile: String?

  package init(host: String, port: UInt16, security: Security, caFile: String? = nil) {
    self.host = host
    self.port = port
    self.security = security
    self.caFile = caFile
  }
}

package struct StreamError: Error, Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    /// Name resolution, connect, or the tunnel's start.
    case unreachable
    /// The certificate or host name could not be verified, or TLS failed.
    case untrusted
    /// The peer closed or reset.
    case closed
    /// A deadline passed.
    case timedOut
    case cancelled
  }

  package let kind: Kind
  /// For a person: what failed, on what.
  package let text: String

  package init(_ kind: Kind, _ text: String) {
    self.kind = kind
    self.text = text
  }
}
