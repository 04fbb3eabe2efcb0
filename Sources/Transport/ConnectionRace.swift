import CLinux
import Glibc
import Ports
import Reactor

/// Connects to the first of several addresses that answers (RFC 8305 in its simple form): one after another, each
/// given a head start over the next, the losers closed.
@Loop
final class ConnectionRace {
  @Loop
  private final class Attempt {
    let address: SocketAddress
    private var descriptor: FileDescriptor?
    var watch: ReadinessWatch?

    init(_ address: SocketAddress, _ descriptor: consuming FileDescriptor) {
      self.address = address
      self.descriptor = consume descriptor
    }

    /// Stops watching before the descriptor can be closed.
    func leave() -> FileDescriptor? {
      watch?.stop()
      watch = nil
      return descriptor.take()
    }
  }

  private enum Outcome: Sendable { case connected(Int), allFailed, timedOut }

  private let reactor: Reactor
  private let name: String
  private let host: String
  private let deadlines: DialDeadlines
  private var remaining: ArraySlice<SocketAddress>
  private var attempts: [Int: Attempt] = [:]
  private var started = 0
  private var failures: [String] = []
  private let place = WaitingPlace<Outcome>()
  private var settled: Outcome?
  private var stagger: LoopTimer?

  /// `name` is for messages, and so is `host`, which whoever tells them names: an address of the same words is left out.
  init(
    _ reactor: Reactor, to addresses: [SocketAddress], name: String, host: String = "", deadlines: DialDeadlines
  ) {
    self.reactor = reactor
    self.name = name
    self.host = host
    self.deadlines = deadlines
    remaining = addresses[...]
  }

  func run() async throws(StreamError) -> FileDescriptor {
    let stagger = LoopTimer(reactor) { [weak self] in self?.startNext() }
    let deadline = LoopTimer(reactor) { [weak self] in self?.settle(.timedOut) }
    self.stagger = stagger
    deadline.start(after: deadlines.connect)
    defer {
      stagger.cancel()
      deadline.cancel()
      for attempt in attempts.values { _ = attempt.leave() }
      attempts = [:]
    }
    startNext()
    var outcome = settled
    if outcome == nil { outcome = await place.wait() }
    switch outcome {
    case .connected(let number):
      guard let descriptor = attempts[number]?.leave() else { preconditionFailure("the winner has a descriptor") }
      return descriptor
    case .allFailed:
      throw StreamError(.unreachable, "\(name): \(failures.joined(separator: "; "))")
    case .timedOut:
      throw StreamError(.timedOut, "\(name): no connection within \(deadlines.connect)")
    case nil:
      throw StreamError(.cancelled, "\(name): connecting was cancelled")
    }
  }

  private func settle(_ outcome: Outcome) {
    guard settled == nil else { return }
    settled = outcome
    place.resume(returning: outcome)
  }

  private func startNext() {
    while settled == nil, let address = remaining.popFirst() {
      if begin(address) {
        if !remaining.isEmpty { stagger?.start(after: deadlines.stagger) }
        return
      }
    }
    if attempts.isEmpty { settle(.allFailed) }
  }

  /// False where it failed at once.
  private func begin(_ address: SocketAddress) -> Bool {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    guard let descriptor = FileDescriptor(owning: socket(address.family, kind, 0)) else {
      return note(errno, address)
    }
    tune(descriptor.number)
    let result = unsafe address.withPointer { unsafe connect(descriptor.number, $0, $1) }
    guard result == 0 || errno == EINPROGRESS else { return note(errno, address) }
    started += 1
    let number = started
    let socketNumber = descriptor.number
    let attempt = Attempt(address, descriptor)
    attempts[number] = attempt
    let watch = ReadinessWatch(reactor, descriptor: socketNumber, for: .writable) { [weak self] _ in
      self?.ended(number, socketNumber)
    }
    attempt.watch = watch
    watch.start()
    return true
  }

  private func ended(_ number: Int, _ descriptor: Int32) {
    guard let attempt = attempts[number] else { return }
    var failure: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &length)
    if failure == 0 {
      attempt.watch?.stop()
      settle(.connected(number))
      return
    }
    _ = attempt.leave()
    attempts[number] = nil
    _ = note(failure, attempt.address)
    // A refusal needs no head start.
    stagger?.cancel()
    startNext()
  }

  private func note(_ reason: Int32, _ address: SocketAddress) -> Bool {
    failures.append(systemError(reason) + (address.text == host ? "" : " (\(address.text))"))
    return false
  }
}

/// Dead peers are noticed within about two minutes, whether we are waiting or sending.
private enum Keepalive {
  static let idleSeconds: Int32 = 60
  static let intervalSeconds: Int32 = 15
  static let count: Int32 = 4
  /// As long as the probes take: less would let a single lost probe end the connection.
  static let userTimeoutMilliseconds: Int32 = (idleSeconds + intervalSeconds * count) * 1000
}

private func tune(_ descriptor: Int32) {
  let tcp = Int32(IPPROTO_TCP)
  setOption(descriptor, tcp, TCP_NODELAY, 1)
  setOption(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
  setOption(descriptor, tcp, TCP_KEEPIDLE, Keepalive.idleSeconds)
  setOption(descriptor, tcp, TCP_KEEPINTVL, Keepalive.intervalSeconds)
  setOption(descriptor, tcp, TCP_KEEPCNT, Keepalive.count)
  setOption(descriptor, tcp, TCP_USER_TIMEOUT, Keepalive.userTimeoutMilliseconds)
}

/// A kernel that does not know an option does without: none changes what is true.
func setOption(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
  var value = value
  unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
}
