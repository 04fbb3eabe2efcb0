import Foundation
import Glibc
import Synchronization

/// The network between martlet and the server: a TCP proxy on 127.0.0.1 that can fall silent or break, and notes what
/// the client says.
package final class NetworkProxy: Sendable {
  package enum State: Sendable {
    case working
    /// Nothing passes and nobody is answered, as when a radio link fades. Connections outlive it.
    case silent
    /// Every connection is reset, and each new one at once.
    case cut
    /// For good.
    case closed
  }

  package let port: UInt16
  /// A byte written here wakes the thread, which polls the pipe's other end.
  private let wakeup: Int32
  private let state = Mutex(State.working)
  private let record: ProxyRecord?
  private let allowance: ClientAllowance?

  /// `isRecording` where `clientLines` is to be asked for. `forging` are words of the server, and what the client hears
  /// in their place, of the same length. Of what clients say, no more than `allowance` octets pass before the next
  /// `become`: whatever needs more is certain to be under way.
  package init(
    to serverPort: UInt16, isRecording: Bool = false, forging: [String: String] = [:], allowance octets: Int? = nil
  ) throws {
    record = isRecording ? ProxyRecord() : nil
    allowance = octets.map(ClientAllowance.init)
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var ends: [Int32] = [-1, -1]
    guard listener >= 0, unsafe pipe(&ends) == 0 else {
      throw SupportError.system("socket", code: errno)
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    // Port 0: any free one, and ours for as long as we listen.
    guard unsafe withLoopbackAddress(0, { unsafe bind(listener, $0, $1) }) == 0, listen(listener, 64) == 0 else {
      throw SupportError.system("cannot listen on 127.0.0.1", code: errno)
    }
    port = Self.port(of: listener)
    wakeup = ends[1]
    let wakeup = ends[0]
    let forgeries = forging.map { Forgery(of: Array($0.key.utf8), as: Array($0.value.utf8)) }
    let thread = Thread { [weak self, record, allowance] in
      var loop = ProxyLoop(
        listener: listener, wakeup: wakeup, serverPort: serverPort, record: record, allowance: allowance,
        forgeries: forgeries)
      while let state = self?.state.withLock({ $0 }), state != .closed { loop.turn(in: state) }
      loop.close()
    }
    thread.name = "network"
    thread.start()
  }

  /// The thread sees the pipe's end, and that there is nobody any more to work for.
  deinit { close(wakeup) }

  /// The lines that clients sent so far, literals included, connection after connection.
  package var clientLines: [String] { record?.lines ?? [] }

  /// How many octets clients sent so far.
  package var clientByteCount: Int { record?.byteCount ?? 0 }

  /// Returns when clients have said as much as they may.
  package func allowanceIsSpent() async { await allowance?.isSpent() }

  package func become(_ new: State) {
    allowance?.lift()
    let wasClosed = state.withLock { state in
      defer { state = state == .closed ? .closed : new }
      return state == .closed
    }
    // Nobody reads the pipe any more when the thread has ended.
    if wasClosed { return }
    let byte: [UInt8] = [1]
    _ = unsafe write(wakeup, byte, byte.count)
  }

  private static func port(of listener: Int32) -> UInt16 {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(listener, $0, &length)
      }
    }
    return UInt16(bigEndian: address.sin_port)
  }
}

/// The proxy's thread: one `poll` over all of its sockets.
private struct ProxyLoop {
  let listener: Int32
  /// The pipe's end to read.
  let wakeup: Int32
  let serverPort: UInt16
  let record: ProxyRecord?
  let allowance: ClientAllowance?
  let forgeries: [Forgery]
  private var connections: [ProxiedConnection] = []

  init(
    listener: Int32, wakeup: Int32, serverPort: UInt16, record: ProxyRecord?, allowance: ClientAllowance?,
    forgeries: [Forgery]
  ) {
    self.listener = listener
    self.wakeup = wakeup
    self.serverPort = serverPort
    self.record = record
    self.allowance = allowance
    self.forgeries = forgeries
  }

  /// Waits for something to happen, and deals with it.
  mutating func turn(in state: NetworkProxy.State) {
    if state == .cut { reset() }
    var entries = [pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0)]
    if state != .silent {
      entries.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0))
      for connection in connections { entries += connection.entries }
    }
    guard unsafe poll(&entries, nfds_t(entries.count), -1) > 0 else { return }
    if entries[0].revents != 0 {
      // The state may be another now, so nothing else is done in this turn.
      var bytes = [UInt8](repeating: 0, count: 64)
      _ = unsafe read(wakeup, &bytes, bytes.count)
      return
    }
    guard state != .silent else { return }
    for index in connections.indices { connections[index].pump() }
    connections.removeAll { $0.closeIfDone() }
    if entries[1].revents != 0 { accept(in: state) }
  }

  mutating func close() {
    reset()
    Glibc.close(listener)
    Glibc.close(wakeup)
  }

  private mutating func reset() {
    for connection in connections { connection.reset() }
    connections = []
  }

  private mutating func accept(in state: NetworkProxy.State) {
    let client = Glibc.accept(listener, nil, nil)
    guard client >= 0 else { return }
    _ = fcntl(client, F_SETFD, FD_CLOEXEC)
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    let connection = ProxiedConnection(
      client: client, server: server, record: record, allowance: allowance, forgeries: forgeries)
    // On loopback a connection is made or refused at once.
    if state == .working, unsafe withLoopbackAddress(serverPort, { unsafe connect(server, $0, $1) }) == 0 {
      connection.sendWithoutDelay()
      connections.append(connection)
    } else {
      connection.reset()
    }
  }
}
