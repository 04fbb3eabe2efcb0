import Foundation
import Glibc
import Support
import Synchronization

/// A TCP proxy on 127.0.0.1 that counts what passes. Each direction of each connection has a thread of its own.
final class CountingProxy: Sendable {
  struct Counts: Sendable {
    var connections = 0
    /// From the server to the client.
    var bytesDown = 0
    /// From the client to the server.
    var bytesUp = 0
    /// How often a client wrote after the server had, or first: each is a round trip that the client waited for.
    /// On several connections at once, this is the sum.
    var turns = 0
  }

  let port: UInt16
  private let listener: Int32
  private let counts: Tally

  init(to serverPort: UInt16) throws {
    (listener, port) = try Loopback.listen()
    let (listener, counts) = (listener, Tally())
    self.counts = counts
    Thread.detachNewThread {
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else {
          if errno == EINTR || errno == ECONNABORTED { continue }
          return
        }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        Loopback.set(TCP_NODELAY, on: client)
        do {
          Link.start(client: client, server: try Loopback.connect(to: serverPort), counts)
        } catch {
          // The client sees its connection close, which is what happened.
          close(client)
        }
      }
    }
  }

  deinit {
    // Wakes the thread out of accept, which ends with the listener.
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  /// What passed since this was last asked.
  func take() -> Counts { counts.take() }
}

private final class Tally: Sendable {
  private let counts = Mutex(CountingProxy.Counts())

  func add(_ change: (inout CountingProxy.Counts) -> Void) { counts.withLock { change(&$0) } }

  func take() -> CountingProxy.Counts {
    counts.withLock { counts in
      defer { counts = CountingProxy.Counts() }
      return counts
    }
  }
}

/// A connection through the proxy.
private final class Link: Sendable {
  private let client: Int32
  private let server: Int32
  private let counts: Tally
  /// Whether the client was the last to write.
  private let isClientsTurn = Mutex(false)

  static func start(client: Int32, server: Int32, _ counts: Tally) {
    counts.add { $0.connections += 1 }
    let link = Link(client, server, counts)
    Thread.detachNewThread { link.pump(from: client, to: server) }
    Thread.detachNewThread { link.pump(from: server, to: client) }
  }

  private init(_ client: Int32, _ server: Int32, _ counts: Tally) {
    (self.client, self.server, self.counts) = (client, server, counts)
  }

  deinit {
    close(client)
    close(server)
  }

  private func pump(from source: Int32, to target: Int32) {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = unsafe recv(source, &buffer, buffer.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      Loopback.set(TCP_QUICKACK, on: source)
      note(count, isUp: source == client)
      guard send(buffer[..<count], to: target) else { break }
    }
    shutdown(target, Int32(SHUT_WR))
  }

  private func note(_ count: Int, isUp: Bool) {
    let isTurn = isClientsTurn.withLock { isClients in
      defer { isClients = isUp }
      return isUp && !isClients
    }
    counts.add { counts in
      if isUp { counts.bytesUp += count } else { counts.bytesDown += count }
      if isTurn { counts.turns += 1 }
    }
  }

  private func send(_ bytes: ArraySlice<UInt8>, to target: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(target, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
