import CLinux
import Glibc
import Ports
import Reactor

/// A listening socket on loopback whose connections the test serves by hand, with blocking calls on a side thread.
final class PlainServer: Sendable {
  struct SetupError: Error {}

  private let listener: FileDescriptor
  let address: String
  let port: UInt16
  private let queue = SideQueue(name: "plain-server", threads: 4)

  /// With `port` 0 the system chooses.
  init(on address: String = "127.0.0.1", port: UInt16 = 0, backlog: Int32 = 16) throws {
    guard let listener = FileDescriptor(owning: socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
    else {
      throw SetupError()
    }
    var name = sockaddr_in()
    name.sin_family = UInt16(AF_INET)
    name.sin_port = port.bigEndian
    unsafe inet_pton(AF_INET, address, &name.sin_addr)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let number = listener.number
    let bound = unsafe withUnsafeMutablePointer(to: &name) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(number, $0, length) == 0 && listen(number, backlog) == 0 && getsockname(number, $0, &length) == 0
      }
    }
    guard bound else { throw SetupError() }
    self.listener = listener
    self.address = address
    self.port = UInt16(bigEndian: name.sin_port)
  }

  var endpoint: HostEndpoint { HostEndpoint(host: address, port: port, security: .plaintext) }

  func accept() async -> Peer {
    let number = listener.number
    return await queue.run {
      var waiting = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
      unsafe poll(&waiting, 1, -1)
      // Close-on-exec from the start: commands of other tests must not inherit it.
      let connection = clinux_accept(number)
      _ = fcntl(connection, F_SETFL, 0)
      return Peer(connection)
    }
  }

  /// The server's end of one connection.
  final class Peer: Sendable {
    private let descriptor: Int32
    private let queue = SideQueue(name: "plain-peer", threads: 2)

    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    /// Returns when the kernel has all of it: on loopback the other end has it then.
    func send(_ text: String) async { await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async {
      let descriptor = descriptor
      await queue.run {
        var sent = 0
        while sent < bytes.count {
          let count = unsafe bytes.withUnsafeBytes { all in
            let rest = unsafe UnsafeRawBufferPointer(rebasing: all[sent...])
            return unsafe Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
          }
          if count <= 0 { return }
          sent += count
        }
      }
    }

    /// So many bytes, fewer at the end.
    func receive(_ count: Int) async -> [UInt8] {
      let descriptor = descriptor
      return await queue.run {
        var all: [UInt8] = []
        while all.count < count {
          let piece = unsafe [UInt8](unsafeUninitializedCapacity: min(1 << 16, count - all.count)) { buffer, got in
            got = unsafe max(recv(descriptor, buffer.baseAddress, buffer.count, 0), 0)
          }
          if piece.isEmpty { break }
          all += piece
        }
        return all
      }
    }

    func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The other end sees a reset, not an end.
    func reset() {
      var hard = linger(l_onoff: 1, l_linger: 0)
      unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
      // Closes the socket and keeps its number taken, for deinit.
      let null = unsafe open("/dev/null", O_RDONLY)
      dup2(null, descriptor)
      close(null)
    }
  }
}
