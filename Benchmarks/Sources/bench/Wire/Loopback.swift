import Glibc

/// Sockets on 127.0.0.1.
enum Loopback {
  /// A connected TCP socket without Nagle's delay.
  static func connect(to port: UInt16) throws -> Int32 {
    let descriptor = try make()
    guard unsafe withAddress(port, { unsafe Glibc.connect(descriptor, $0, $1) }) == 0 else {
      let error = BenchError.system("cannot connect to 127.0.0.1:\(port)")
      close(descriptor)
      throw error
    }
    set(TCP_NODELAY, on: descriptor)
    return descriptor
  }

  /// A listening socket on any free port.
  static func listen() throws -> (descriptor: Int32, port: UInt16) {
    let descriptor = try make()
    guard unsafe withAddress(0, { unsafe bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 64) == 0 else {
      let error = BenchError.system("cannot listen on 127.0.0.1")
      close(descriptor)
      throw error
    }
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(descriptor, $0, &length)
      }
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  /// Turns a TCP option on. TCP_QUICKACK holds only until the kernel thinks otherwise, so it is set after each read.
  static func set(_ option: Int32, on descriptor: Int32) {
    var yes: Int32 = 1
    unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), option, &yes, socklen_t(MemoryLayout<Int32>.size))
  }

  private static func make() throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw BenchError.system("socket") }
    return descriptor
  }

  private static func withAddress(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
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
}
