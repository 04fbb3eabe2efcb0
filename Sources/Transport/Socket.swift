import Glibc
import Ports
import Reactor

/// How far one attempt at something came, without waiting.
enum Attempt<Value> {
  case done(Value)
  case needs(Socket.Need)
  /// The peer sends no more.
  case ended
  case failed(StreamError)
}

/// A connected, non-blocking socket on the loop, and the places where its users wait.
@Loop
final class Socket {
  enum Role: Int { case reader, writer, negotiator }
  enum Need: Sendable { case readable, writable, negotiation }
  private enum Wake: Sendable { case ready, closed, expired }

  @Loop
  private final class Seat {
    let place = WaitingPlace<Wake>()
    var need = Need.readable
  }

  /// The most that one read hands on.
  static let readLimit = 64 * 1024
  /// So many attempts may succeed in a row before others on the loop get their turn.
  private static let patience = 16

  /// For messages.
  let name: String
  /// Valid until `close()`.
  let number: Int32
  private var descriptor: FileDescriptor?
  private var watch: ReadinessWatch?
  private let seats = [Seat(), Seat(), Seat()]
  private var successes = 0
  private let isTCP: Bool

  init(_ reactor: Reactor, _ descriptor: consuming FileDescriptor, name: String, isTCP: Bool) {
    self.name = name
    self.isTCP = isTCP
    number = descriptor.number
    self.descriptor = consume descriptor
    let watch = ReadinessWatch(reactor, descriptor: number, for: [.readable, .writable, .edge]) { [weak self] in
      self?.changed($0)
    }
    self.watch = watch
    watch.start()
  }

  isolated deinit { close() }

  var isOpen: Bool { watch != nil }

  /// All who wait end with `.closed`.
  func close() {
    guard let watch else { return }
    watch.stop()
    self.watch = nil
    descriptor = nil
    for seat in seats { seat.place.resume(returning: .closed) }
  }

  /// Repeats `attempt` whenever what it needs has come; nil where it ended.
  func complete<Value>(
    _ role: Role, _ act: String, _ attempt: @Loop () -> Attempt<Value>
  ) async throws(StreamError) -> Value? {
    await yieldNowAndThen()
    while true {
      guard isOpen else { throw StreamError(.closed, "\(name): \(act): the stream is closed") }
      switch attempt() {
      case .done(let value): return value
      case .ended: return nil
      case .failed(let error): throw error
      case .needs(let need): try await wait(role, for: need, act)
      }
    }
  }

  /// Sends all of `bytes` as the one writer; `attempt` takes what it can from an index on.
  func send(
    all bytes: [UInt8], _ attempt: @Loop (_ start: Int) -> Attempt<Int>
  ) async throws(StreamError) {
    var sent = 0
    while sent < bytes.count {
      let count = try await complete(.writer, "writing") { attempt(sent) }
      guard let count else { throw StreamError(.closed, "\(name): writing: the stream ended") }
      sent += count
    }
  }

  /// Ends a wait of `role` with `.timedOut`.
  func expire(_ role: Role) { seats[role.rawValue].place.resume(returning: .expired) }

  /// Lets those go on who waited for TLS to be there.
  func negotiationEnded() { wake { $0 == .negotiation } }

  private func wait(_ role: Role, for need: Need, _ act: String) async throws(StreamError) {
    let seat = seats[role.rawValue]
    precondition(!seat.place.isOccupied, "one \(role) at a time")
    seat.need = need
    successes = 0
    switch await seat.place.wait() {
    case .ready: return
    case .closed: throw StreamError(.closed, "\(name): \(act): the stream was closed")
    case .expired: throw StreamError(.timedOut, "\(name): \(act): no answer in time")
    case nil: throw StreamError(.cancelled, "\(name): \(act) was cancelled")
    }
  }

  /// A peer that is always ready must not keep the loop for itself.
  private func yieldNowAndThen() async {
    successes += 1
    guard successes >= Self.patience else { return }
    successes = 0
    await Task.yield()
  }

  private func changed(_ conditions: ReadinessWatch.Conditions) {
    wake { need in
      switch need {
      case .readable: conditions.contains(.readable)
      case .writable: conditions.contains(.writable)
      case .negotiation: false
      }
    }
  }

  private func wake(_ isMet: (Need) -> Bool) {
    for seat in seats where isMet(seat.need) { seat.place.resume(returning: .ready) }
  }
}

// MARK: Plain bytes

extension Socket {
  func receive() -> Attempt<[UInt8]> {
    let buffer = unsafe ReadBuffer.shared
    while true {
      let count = unsafe recv(number, buffer.baseAddress, buffer.count, 0)
      if count > 0 {
        acknowledgeAtOnce()
        return .done(ReadBuffer.copy(count))
      }
      if count == 0 { return .ended }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .needs(.readable)
      default: return .failed(StreamError(.closed, "\(name): reading: \(systemError(errno))"))
      }
    }
  }

  /// The number of bytes taken, at least one.
  func send(_ bytes: [UInt8], from start: Int) -> Attempt<Int> {
    while true {
      let count = unsafe bytes.withUnsafeBytes { all in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: all[start...])
        return unsafe Glibc.send(number, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 { return .done(count) }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .needs(.writable)
      default: return .failed(StreamError(.closed, "\(name): writing: \(systemError(errno))"))
      }
    }
  }

  var hasUnreadBytes: Bool {
    var byte: UInt8 = 0
    return unsafe recv(number, &byte, 1, Int32(MSG_PEEK)) > 0
  }

  /// The kernel falls back to delayed acknowledgements by itself, and servers that write in small pieces without
  /// TCP_NODELAY (Cyrus) then take 44 ms for each.
  func acknowledgeAtOnce() {
    if isTCP { setOption(number, Int32(IPPROTO_TCP), TCP_QUICKACK, 1) }
  }
}

/// Where reads land before they are copied out at their true size: idle streams hold no buffer. One for the loop's
/// thread; nothing suspends between filling and copying. It lives as long as the process.
@Loop
enum ReadBuffer {
  static let shared = UnsafeMutableRawBufferPointer.allocate(byteCount: Socket.readLimit, alignment: 64)

  /// Overwrites the first `count` bytes, where they may have been a secret.
  static func wipe(_ count: Int) {
    if let start = unsafe shared.baseAddress { unsafe explicit_bzero(start, count) }
  }

  /// The first `count` bytes.
  static func copy(_ count: Int) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: count) { target, filled in
      unsafe UnsafeMutableRawBufferPointer(target).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: shared[..<count]))
      filled = count
    }
  }
}
