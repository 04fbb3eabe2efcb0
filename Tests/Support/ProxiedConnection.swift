import Glibc

/// A connection through the proxy.
struct ProxiedConnection {
  private var up: Flow
  private var down: Flow

  init(client: Int32, server: Int32, record: ProxyRecord?, allowance: ClientAllowance?, forgeries: [Forgery]) {
    up = Flow(source: client, target: server)
    up.record = record?.connection()
    up.allowance = allowance
    down = Flow(source: server, target: client)
    down.forgeries = forgeries
  }

  var entries: [pollfd] { up.entries + down.entries }

  mutating func pump() {
    up.pump()
    down.pump()
  }

  /// True when the connection ended, and both of its sockets are closed.
  func closeIfDone() -> Bool {
    guard up.isBroken || down.isBroken || (up.isDone && down.isDone) else { return false }
    close(up.source)
    close(up.target)
    return true
  }

  func reset() {
    var hard = linger(l_onoff: 1, l_linger: 0)
    for socket in [up.source, up.target] where socket >= 0 {
      unsafe setsockopt(socket, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
      close(socket)
    }
  }

  func sendWithoutDelay() {
    var yes: Int32 = 1
    for socket in [up.source, up.target] {
      unsafe setsockopt(
        socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }
  }
}

/// Words that somebody in between puts in place of others.
struct Forgery {
  let original: [UInt8]
  let replacement: [UInt8]

  init(of original: [UInt8], as replacement: [UInt8]) {
    precondition(original.count == replacement.count && !original.isEmpty, "lengths are announced in the protocol")
    self.original = original
    self.replacement = replacement
  }

  /// In one piece of the stream: a word cut in two passes, so this is for words that servers say in one go.
  func apply(to bytes: inout ArraySlice<UInt8>) {
    var start = bytes.startIndex
    while let range = bytes[start...].firstRange(of: original) {
      bytes.replaceSubrange(range, with: replacement)
      start = range.upperBound
    }
  }
}

/// One direction of a connection.
private struct Flow {
  private static let chunk = 256 << 10

  let source: Int32
  let target: Int32
  private var pending: ArraySlice<UInt8> = []
  private var hasEnded = false
  private(set) var isBroken = false
  /// Where what passes is noted.
  var record: ProxyRecord.Connection?
  var forgeries: [Forgery] = []
  /// Nil where as much may pass as there is.
  var allowance: ClientAllowance?

  init(source: Int32, target: Int32) {
    self.source = source
    self.target = target
  }

  var isDone: Bool { hasEnded && pending.isEmpty }

  /// Reads only when all that was read is sent: what the one end gives is bounded by what the other takes.
  var entries: [pollfd] {
    if !pending.isEmpty { return [pollfd(fd: target, events: Int16(POLLOUT), revents: 0)] }
    return hasEnded || allowance?.left == 0 ? [] : [pollfd(fd: source, events: Int16(POLLIN), revents: 0)]
  }

  mutating func pump() {
    if pending.isEmpty, !hasEnded, allowance?.left != 0 { receive() }
    if !pending.isEmpty { transmit() }
  }

  private mutating func receive() {
    var buffer = [UInt8](repeating: 0, count: min(Self.chunk, allowance?.left ?? Self.chunk))
    let count = unsafe recv(source, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    if count > 0 {
      pending = buffer[..<count]
      for forgery in forgeries { forgery.apply(to: &pending) }
      record?.append(pending)
      allowance?.take(count)
    } else if count == 0 {
      hasEnded = true
      shutdown(target, Int32(SHUT_WR))
    } else {
      noteError()
    }
  }

  private mutating func transmit() {
    let count = unsafe pending.withUnsafeBytes {
      unsafe send(target, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }
    if count >= 0 { pending = pending.dropFirst(count) } else { noteError() }
  }

  private mutating func noteError() {
    if errno != EAGAIN, errno != EINTR { isBroken = true }
  }
}
