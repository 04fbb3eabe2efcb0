import Glibc
import Synchronization

/// Ports on 127.0.0.1 that nobody listens on, each given out once in this process.
///
/// They lie below the range from which the kernel takes the local ends of outgoing connections, so that no connection
/// of a test running beside sits on one. Another process may still take one first: who listens tries again with others.
enum FreePorts {
  private static let range: ClosedRange<UInt16> = 20_000...32_000
  private static let given = Mutex<Set<UInt16>>([])

  static func take(_ count: Int) throws -> [UInt16] {
    try given.withLock { given in
      var ports: [UInt16] = []
      for _ in 0..<10_000 where ports.count < count {
        let port = UInt16.random(in: range)
        if !given.contains(port), try isFree(port) {
          given.insert(port)
          ports.append(port)
        }
      }
      guard ports.count == count else { throw SupportError("no free ports in \(range) on 127.0.0.1") }
      return ports
    }
  }

  private static func isFree(_ port: UInt16) throws -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw SupportError.system("socket", code: errno) }
    defer { close(descriptor) }
    var yes: Int32 = 1
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    return unsafe withLoopbackAddress(port) { unsafe bind(descriptor, $0, $1) } == 0
  }
}

/// Another process took a port first.
struct PortTaken: Error, CustomStringConvertible {
  let description = "a port that was free a moment ago is taken"
}

/// Calls `body` with free ports, again with others where it finds one taken.
func withFreePorts<Result>(_ count: Int, _ body: ([UInt16]) async throws -> Result) async throws -> Result {
  let triesMax = 5
  for _ in 1..<triesMax {
    do {
      return try await body(FreePorts.take(count))
    } catch is PortTaken {
      continue
    }
  }
  return try await body(FreePorts.take(count))
}

/// Calls `body` with the socket address 127.0.0.1:`port`.
func withLoopbackAddress<Result>(
  _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  return unsafe withUnsafePointer(to: &address) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
}
