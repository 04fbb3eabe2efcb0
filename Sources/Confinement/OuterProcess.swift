import CLinux
import Glibc
import Ports
import Reactor

/// The process that was started, once it has split in two: it does for the other, inner one what a confined process
/// cannot, and nothing else.
///
///     who started us ──signals──► outer ──signals, ends of commands──► inner ──► servers, Maildirs, ledgers
///           ◄──exit status──────────┘  ◄──commands to start, status──────┘
///
/// The outer process reads no configuration, holds no credential and talks to no server. It starts commands, but only
/// those that the inner process named before it talked to any server. It has one thread, and all that it does is a
/// consequence of a signal or a packet. Neither process outlives the other.
package final class OuterProcess {
  /// A program that ends sooner, as `sync` does, is not worth giving memory back for.
  private static let settlingMilliseconds: Int32 = 10_000

  private let heldSignals: Int32
  private let socket: PacketSocket
  private let inner: pid_t
  private let commands = OuterCommands()
  private let notify: (ServiceState) -> Void
  private var hears = true
  private var mayStartAnew = false
  private var wasStopped = false
  /// The second signal to stop, for which the inner process was ended.
  private var endedFor: Int32?
  /// Nothing has happened for a while, and memory was given back.
  private var isSettled = false

  /// Splits the process, which must have one thread, and returns in the inner one. The outer one ends as the inner one
  /// does. Nil where the system has no room for a second process: then all goes on in this one. The signals that are
  /// passed on are held by then.
  ///
  /// - Parameters:
  ///   - signals: what is passed on. The inner process ignores the signals themselves: some come to both of us (Ctrl-C, a
  ///     service manager that stops a whole control group), and a second one means another thing than the first. All
  ///     others do to either process what they do by themselves.
  ///   - notify: passes a state on to the service manager; called in the outer process.
  package static func split(passingOn signals: [Int32], notify: @escaping (ServiceState) -> Void) -> OuterLink? {
    let held = signals + [SIGCHLD]
    // Where our starter ignores its children, ours would vanish before we had asked how they ended.
    signal(SIGCHLD, SIG_DFL)
    let heldSignals = unsafe clinux_hold_signals(held, Int32(held.count))
    guard heldSignals >= 0 else { return nil }
    while true {
      var ends: [Int32] = [-1, -1]
      guard unsafe clinux_packet_pair(&ends) == 0 else { break }
      let outer = getpid()
      let inner = clinux_fork()
      if inner == 0 {
        close(ends[0])
        close(heldSignals)
        return becomeInner(ends[1], outer, ignoring: signals)
      }
      close(ends[1])
      guard inner > 0, let socket = PacketSocket(owning: ends[0]) else { break }
      let process = OuterProcess(inner, socket, heldSignals: heldSignals, notify: notify)
      let end = process.serve()
      guard process.mayStartAnew, !process.wasStopped, end == .exited(0) else { finish(as: end) }
    }
    close(heldSignals)
    // Our callers held the others, and let them when somebody waits for them.
    unsafe clinux_let_signals([SIGCHLD], 1)
    return nil
  }

  private init(
    _ inner: pid_t, _ socket: consuming PacketSocket, heldSignals: Int32, notify: @escaping (ServiceState) -> Void
  ) {
    self.inner = inner
    self.socket = socket
    self.heldSignals = heldSignals
    self.notify = notify
  }

  private static func becomeInner(_ socket: Int32, _ outer: pid_t, ignoring signals: [Int32]) -> OuterLink {
    clinux_die_with(outer)
    for signal in signals { Glibc.signal(signal, SIG_IGN) }
    let held = signals + [SIGCHLD]
    unsafe clinux_let_signals(held, Int32(held.count))
    return OuterLink(socket: socket, outerProcess: outer)
  }

  /// Until the inner process has ended; answers how.
  private func serve() -> CommandEnd {
    while true {
      wait()
      var innerEnd: CommandEnd?
      while true {
        let signal = clinux_next_signal(heldSignals)
        if signal == 0 { break }
        if signal == SIGCHLD { innerEnd = reapInner() ?? innerEnd } else { pass(signal, isInnerThere: innerEnd == nil) }
      }
      // Before the last look at its packets: what it asked for with its last breath is done.
      takeRequests()
      commands.look { [self] id, end in socket.send(OuterNews.ended(id: id, end).packet) }
      guard let innerEnd else { continue }
      commands.terminateAll()
      if let endedFor, innerEnd == .killed(signal: SIGKILL) { return .killed(signal: endedFor) }
      return innerEnd
    }
  }

  private func wait() {
    var sources = [
      pollfd(fd: heldSignals, events: Int16(POLLIN), revents: 0),
      pollfd(fd: hears ? socket.number : -1, events: Int16(POLLIN), revents: 0),
    ]
    let deadline = commands.millisecondsToNextDeadline
    let patience = deadline < 0 && !isSettled ? Self.settlingMilliseconds : deadline
    // An interruption is a look more.
    let news = unsafe poll(&sources, nfds_t(sources.count), patience)
    guard news == 0, deadline < 0 else { return }
    isSettled = true
    clinux_trim_memory()
    clinux_release_code()
  }

  private func pass(_ signal: Int32, isInnerThere: Bool) {
    if signal == SIGTERM || signal == SIGINT {
      // It may hang in a system call, where it hears of nothing; what it would do is no more than this.
      if wasStopped, isInnerThere {
        endedFor = signal
        kill(inner, SIGKILL)
      }
      wasStopped = true
    }
    // Where the inner process has hundreds of them to read already, it will not miss this one.
    socket.send(OuterNews.signal(signal).packet, waits: false)
  }

  private func reapInner() -> CommandEnd? {
    var status: Int32 = 0
    guard unsafe waitpid(inner, &status, WNOHANG) == inner else { return nil }
    let signal = status & 0x7F
    return signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: signal)
  }

  private func takeRequests() {
    while hears {
      switch socket.receive() {
      case .nothing: return
      case .unreadable: continue
      case .gone: hears = false
      case .packet(let packet):
        if let request = InnerRequest(packet: packet.bytes) { take(request, packet.carried) }
        for descriptor in packet.carried { close(descriptor) }
      }
    }
  }

  private func take(_ request: InnerRequest, _ carried: [Int32]) {
    switch request {
    case .allow(let command): commands.allow(command)
    case .seal: commands.seal()
    case .start(let id, let command, let ends):
      if let failure = commands.start(id, command, ends, carried) {
        socket.send(OuterNews.ended(id: id, failure).packet)
      }
    case .release(let id, let mercy): commands.release(id, mercy)
    case .notify(let state): notify(state)
    case .startAnew: mayStartAnew = true
    }
  }

  /// As if there had been one process: whoever started us sees the same end.
  private static func finish(as end: CommandEnd) -> Never {
    switch end {
    case .exited(let status): exit(status)
    case .killed(let signal):
      Glibc.signal(signal, SIG_DFL)
      unsafe clinux_let_signals([signal], 1)
      raise(signal)
      // Ignored by whoever started us, or blocked: as a shell would tell it.
      exit(128 + signal)
    case .notStarted: preconditionFailure("a process that was not started does not end")
    }
  }
}

/// What the inner process has of the outer one; `OuterChannel` is made of it, and owns the socket from then on.
package struct OuterLink: Sendable {
  let socket: Int32
  /// Which signals are sent to, and which the service manager knows.
  package let outerProcess: Int32
}
