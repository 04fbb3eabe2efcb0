import Glibc
import Ports
import Reactor

/// An IPv4 or IPv6 address with a port, as the kernel takes it.
struct SocketAddress: Hashable, Sendable {
  /// A `sockaddr_in` or `sockaddr_in6`.
  private let bytes: [UInt8]
  let family: Int32

  init?(_ address: UnsafePointer<sockaddr>, length: socklen_t) {
    family = unsafe Int32(address.pointee.sa_family)
    guard family == AF_INET || family == AF_INET6 else { return nil }
    bytes = unsafe Array(UnsafeRawBufferPointer(start: address, count: Int(length)))
  }

  /// Of the other end; nil where it is not an internet address or not connected.
  init?(peerOf descriptor: Int32) {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let found = unsafe withUnsafeMutablePointer(to: &storage) { storage -> SocketAddress? in
      unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        guard unsafe getpeername(descriptor, address, &length) == 0 else { return nil }
        return unsafe SocketAddress(address, length: length)
      }
    }
    guard let found else { return nil }
    self = found
  }

  /// Whatever is sent there does not leave the machine.
  var isLoopback: Bool {
    if family == AF_INET { return bytes[4] == 127 }
    let address = bytes[8..<24]
    let isMapped = address.prefix(10).allSatisfy { $0 == 0 } && address[18] == 0xFF && address[19] == 0xFF
    if isMapped { return address[20] == 127 }
    return address.dropLast().allSatisfy { $0 == 0 } && address.last == 1
  }

  /// The address in its usual notation, without the port.
  var text: String {
    var buffer = [CChar](repeating: 0, count: 64)
    let failure = unsafe withPointer { address, length in
      unsafe getnameinfo(address, length, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
    }
    guard failure == 0 else { return "an address" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The pointer is valid within the call.
  func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var storage = sockaddr_storage()
    unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.copyBytes(from: bytes) }
    return unsafe withUnsafePointer(to: &storage) { storage in
      unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(bytes.count))
      }
    }
  }
}

extension SocketAddress {
  /// The addresses of a host in the system's order of preference (RFC 6724). May ask the network, and then blocks.
  static func lookUp(_ host: String, port: UInt16, isLiteral: Bool) throws(StreamError) -> [SocketAddress] {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_NUMERICSERV | (isLiteral ? AI_NUMERICHOST : AI_ADDRCONFIG)
    var list: UnsafeMutablePointer<addrinfo>?
    let failure = unsafe getaddrinfo(host, String(port), &hints, &list)
    let systemReason = errno
    defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
    guard failure == 0 else {
      let reason = failure == EAI_SYSTEM ? systemError(systemReason) : unsafe String(cString: gai_strerror(failure))
      throw StreamError(.unreachable, "the name could not be resolved: \(reason)")
    }
    var found: [SocketAddress] = []
    var next = unsafe list
    while let entry = unsafe next {
      if let raw = unsafe entry.pointee.ai_addr,
        let address = unsafe SocketAddress(raw, length: entry.pointee.ai_addrlen), !found.contains(address)
      {
        found.append(address)
      }
      unsafe next = entry.pointee.ai_next
    }
    return found
  }

  /// True for what needs no name resolution: `192.0.2.1`, `2001:db8::1`, `fe80::1%eth0`.
  static func isLiteral(_ host: String) -> Bool {
    let address = host.prefix { $0 != "%" }
    var storage = in6_addr()
    return [AF_INET, AF_INET6].contains { unsafe inet_pton($0, String(address), &storage) == 1 }
  }

  /// Alternates the families, the preferred one first (RFC 8305 §4), so that a broken family costs one stagger.
  static func interleaved(_ addresses: [SocketAddress]) -> [SocketAddress] {
    guard let first = addresses.first else { return [] }
    var preferred = addresses.filter { $0.family == first.family }[...]
    var others = addresses.filter { $0.family != first.family }[...]
    var result: [SocketAddress] = []
    while !preferred.isEmpty || !others.isEmpty {
      if let next = preferred.popFirst() { result.append(next) }
      if let next = others.popFirst() { result.append(next) }
    }
    return result
  }
}
