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

package struct HostEndpoint: Hashable, Sendable {
  package enum Security: Hashable, Sendable { case implicitTLS, startTLS, plaintext }

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
