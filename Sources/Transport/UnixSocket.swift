import CLinux
import Glibc
import Mail
package import Ports
package import Reactor

/// A stream socket with a path, between programs of one user on one machine.
package enum UnixSocket {
  /// `sun_path` with its NUL is 108 bytes.
  package static let pathLengthMax = 107

  /// Nil where nobody listens: no socket, or one that its owner left behind.
  @Loop
  package static func connect(_ reactor: Reactor, path: String) throws(StreamError) -> (any ByteStream)? {
    try checkLength(path)
    guard let descriptor = FileDescriptor(owning: make()) else { throw failure("open a socket for", path, errno) }
    guard connect(descriptor.number, to: path) == 0 else {
      switch errno {
      case ENOENT, ECONNREFUSED, ENOTDIR: return nil
      case EAGAIN: throw StreamError(.timedOut, "\(printable(path)): martlet is there and takes no more callers now")
      default: throw failure("connect to", path, errno)
      }
    }
    return UnixStream(reactor, descriptor, name: printable(path))
  }

  static func checkLength(_ path: String) throws(StreamError) {
    guard path.utf8.count > pathLengthMax else { return }
    throw StreamError(
      .unreachable,
      "\(printable(path)) is too long for a Unix socket (\(path.utf8.count) bytes, at most \(pathLengthMax)): "
        + "choose a shorter directory with --state-dir")
  }

  static func make() -> Int32 {
    socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
  }

  /// The path is known to fit.
  static func bind(_ descriptor: Int32, to path: String) -> Int32 {
    unsafe withAddress(path) { unsafe Glibc.bind(descriptor, $0, $1) }
  }

  static func connect(_ descriptor: Int32, to path: String) -> Int32 {
    unsafe withAddress(path) { unsafe Glibc.connect(descriptor, $0, $1) }
  }

  private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  static func failure(_ action: String, _ path: String, _ reason: Int32) -> StreamError {
    StreamError(.unreachable, "cannot \(action) \(printable(path)): \(systemError(reason))")
  }
}

/// One end of a connected Unix socket.
@Loop
final class UnixStream: ByteStream {
  private let socket: Socket

  init(_ reactor: Reactor, _ descriptor: consuming FileDescriptor, name: String) {
    socket = Socket(reactor, descriptor, name: name, isTCP: false)
  }

  /// It never leaves the machine.
  var isConfidential: Bool { true }

  func read() async throws(StreamError) -> [UInt8] {
    try await socket.complete(.reader, "reading") { socket.receive() } ?? []
  }

  func write(_ bytes: [UInt8]) async throws(StreamError) {
    try await socket.send(all: bytes) { socket.send(bytes, from: $0) }
  }

  func startTLS() async throws(StreamError) {
    throw StreamError(.untrusted, "\(socket.name): a local socket has no TLS")
  }

  func close() { socket.close() }
}
