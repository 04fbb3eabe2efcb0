import Glibc

/// A TCP connection to 127.0.0.1 that blocks, with a deadline for every wait. For one thread only.
final class LoopbackConnection {
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  /// Where the unread bytes begin in `buffer`.
  private var head = 0
  /// What one read takes in.
  private var chunk = [UInt8](repeating: 0, count: 256 << 10)

  /// A line longer than this is an error.
  static let lineMax = 16 << 20

  /// Nil where nobody listens on the port.
  static func ifListening(on port: UInt16) throws -> LoopbackConnection? {
    do {
      return try LoopbackConnection(port: port)
    } catch is ConnectionRefused {
      return nil
    }
  }

  init(port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw SupportError.system("socket", code: errno) }
    // On loopback a connection is made or refused at once.
    guard unsafe withLoopbackAddress(port, { unsafe connect(descriptor, $0, $1) }) == 0 else {
      // The descriptor is closed by deinit, which runs for an initializer that throws here.
      let code = errno
      if code == ECONNREFUSED { throw ConnectionRefused(port: port) }
      throw SupportError.system("cannot connect to 127.0.0.1:\(port)", code: code)
    }
    set(TCP_NODELAY)
  }

  deinit { close(descriptor) }

  func write(_ bytes: [UInt8], until deadline: Deadline) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      try wait(for: POLLOUT, until: deadline)
      let count = unsafe rest.withUnsafeBytes {
        unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      }
      if count < 0, errno == EAGAIN || errno == EINTR { continue }
      guard count >= 0 else { throw SupportError.system("sending", code: errno) }
      rest = rest.dropFirst(count)
    }
  }

  /// The next line without its CRLF; nil at the end of the connection.
  func line(until deadline: Deadline) throws -> [UInt8]? {
    var looked = head
    while true {
      if let end = buffer.indexOfLineFeed(from: looked) {
        defer { head = end + 1 }
        return Array(buffer[head..<(end > head && buffer[end - 1] == 0x0D ? end - 1 : end)])
      }
      guard buffer.count - head <= Self.lineMax else { throw SupportError("a line of over \(Self.lineMax) bytes") }
      let pending = buffer.count - head
      guard try fill(until: deadline) else { return nil }
      looked = head + pending
    }
  }

  /// Exactly so many bytes.
  func bytes(_ count: Int, until deadline: Deadline) throws -> [UInt8] {
    while buffer.count - head < count {
      guard try fill(until: deadline) else { throw SupportError("the connection ended within a literal") }
    }
    defer { head += count }
    return Array(buffer[head..<head + count])
  }

  /// True when something can be read without waiting, the end of the connection included.
  func hasInput(until deadline: Deadline) throws -> Bool {
    try head < buffer.count || isReady(for: POLLIN, until: deadline)
  }

  /// Reads what is there, waiting for it; false at the end of the connection.
  private func fill(until deadline: Deadline) throws -> Bool {
    if head > 0 {
      buffer.removeFirst(head)
      head = 0
    }
    while true {
      try wait(for: POLLIN, until: deadline)
      let count = unsafe recv(descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
      let code = errno
      if count < 0, code == EAGAIN || code == EINTR { continue }
      if count < 0, code == ECONNRESET { return false }
      guard count >= 0 else { throw SupportError.system("receiving", code: code) }
      // Cyrus writes in small pieces, each held back until the one before is acknowledged.
      set(TCP_QUICKACK)
      buffer.append(contentsOf: chunk[..<count])
      return count > 0
    }
  }

  private func wait(for event: Int32, until deadline: Deadline) throws {
    guard try isReady(for: event, until: deadline) else { throw SupportError("no answer in time") }
  }

  private func isReady(for event: Int32, until deadline: Deadline) throws -> Bool {
    while true {
      var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
      let count = unsafe poll(&entry, 1, deadline.pollTimeout)
      if count > 0 { return true }
      if count < 0, errno != EINTR { throw SupportError.system("poll", code: errno) }
      if count == 0, deadline.hasPassed { return false }
    }
  }

  private func set(_ option: Int32) {
    var yes: Int32 = 1
    unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), option, &yes, socklen_t(MemoryLayout<Int32>.size))
  }
}

/// Nobody listens.
package struct ConnectionRefused: Error, CustomStringConvertible {
  let port: UInt16
  package var description: String { "nobody listens on 127.0.0.1:\(port)" }
}
