import Glibc
import Mail
import Ports
import Reactor

@testable import Transport

/// Certificates of a throw-away authority, made once for all tests by openssl's own command.
enum Certificates {
  /// The directory that holds `ca.pem` and for each name `NAME.pem` and `NAME.key`; removed with the process.
  @Loop static let directory: Task<String, any Error> = Task(executorPreference: Loop.executor) {
    String(
      decoding: try await CommandOutput(reactor: Reactor.startShared()).firstLine(of: script).octets(), as: UTF8.self)
  }

  static let name = "imap.example.test"

  private static let script = #"""
    set -e
    umask 077
    cd "$(mktemp -d)"
    key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    authority() { openssl req -x509 $key -keyout "$1.key" -out "$1.pem" -subj "/CN=$1" -days 30; }
    sign() {
      openssl req $key -keyout "$1.key" -out "$1.csr" -subj "/CN=$1"
      printf 'subjectAltName=%s\n' "$2" > "$1.ext"
      openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "$3" -extfile "$1.ext" -out "$1.pem"
    }
    {
      authority ca
      sign good "DNS:imap.example.test,IP:127.0.0.1" 10
      sign other "DNS:other.example.test" 10
      sign expired "DNS:imap.example.test" -1
      openssl req $key -keyout cn.key -out cn.csr -subj "/CN=imap.example.test"
      openssl x509 -req -in cn.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 10 -out cn.pem
      openssl req -x509 $key -keyout self.key -out self.pem -subj /CN=self -days 10 \
        -addext subjectAltName=DNS:imap.example.test
    } 2>/dev/null
    parent=$PPID
    (cd /; while kill -0 $parent; do sleep 1; done; rm -rf "$OLDPWD") </dev/null >/dev/null 2>&1 &
    pwd
    """#
}

/// `openssl s_server` on loopback: its stdin goes to the client, what the client sends comes out of its stdout.
@Loop
final class TLSServer {
  struct SetupError: Error { let text: String }

  let console: any ByteStream
  let port: UInt16
  let caFile: String

  init(certificate: String = "good", options: String = "") async throws {
    let directory = try await Certificates.directory.value
    caFile = "\(directory)/ca.pem"
    let files = "-cert \(directory)/\(certificate).pem -key \(directory)/\(certificate).key"
    console = try CommandStream(
      Reactor.startShared(), command: "exec openssl s_server -accept 127.0.0.1:0 \(files) \(options)",
      by: ChildCommands(Reactor.startShared()))
    var greeting = try await console.read(through: "ACCEPT ")
    if !greeting.hasSuffix("\n") { greeting += try await console.read(through: "\n") }
    guard let number = greeting.split(separator: ":").last?.prefix(while: \.isNumber), let port = UInt16(number) else {
      throw SetupError(text: greeting)
    }
    self.port = port
  }

  /// By the certificate's name; `dialer()` leads every name to loopback.
  func endpoint(host: String = Certificates.name, security: HostEndpoint.Security = .implicitTLS) -> HostEndpoint {
    HostEndpoint(host: host, port: port, security: security, caFile: caFile)
  }
}

/// A dialer to whom every name is 127.0.0.1.
@Loop
func loopbackDialer(_ deadlines: DialDeadlines = DialDeadlines()) -> TransportDialer {
  TransportDialer(reactor: Reactor.startShared(), deadlines: deadlines) { _, port throws(StreamError) in
    try SocketAddress.lookUp("127.0.0.1", port: port, isLiteral: true)
  }
}
