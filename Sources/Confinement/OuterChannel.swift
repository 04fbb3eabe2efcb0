import Glibc
package import Ports
package import Reactor

/// The inner process's way to the outer one: signals come over it, commands and words to the service manager go.
@Loop
package final class OuterChannel: CommandStarter {
  /// Which signals are sent to, and which the service manager knows.
  package let processID: Int32
  private let socket: PacketSocket
  private var watch: ReadinessWatch?
  private var handlers: [Int32: @Loop () -> Void] = [:]
  /// Signals that came before somebody asked for them.
  private var early: [Int32] = []
  private var allowed: [String: UInt32] = [:]
  private var running: [UInt32: OuterCommand] = [:]
  private var lastCommand: UInt32 = 0

  package init(_ reactor: Reactor, _ link: OuterLink) {
    guard let socket = PacketSocket(owning: link.socket) else { preconditionFailure("the link is made of a socket") }
    processID = link.outerProcess
    let number = socket.number
    self.socket = socket
    let watch = ReadinessWatch(reactor, descriptor: number, for: .readable) { [weak self] _ in self?.receive() }
    self.watch = watch
    watch.start()
  }

  // MARK: Signals

  /// Calls back for each arrival of the signal at the outer process, from the beginning on.
  package func onSignal(_ signal: Int32, _ handler: @escaping @Loop () -> Void) {
    handlers[signal] = handler
    let missed = early.count { $0 == signal }
    early.removeAll { $0 == signal }
    for _ in 0..<missed { handler() }
  }

  // MARK: Commands

  /// Names the commands that may be started from here on, and no others. Only the first call counts: it comes before
  /// any word of a server.
  package func seal(_ commands: Set<String>) {
    for command in commands.sorted() {
      let number = UInt32(allowed.count)
      if socket.send(InnerRequest.allow(command: command).packet) { allowed[command] = number }
    }
    socket.send(InnerRequest.seal.packet)
  }

  package func start(
    _ command: String, input: Int32, output: Int32, error: Int32
  ) throws(StreamError) -> any StartedCommand {
    guard let number = allowed[command] else {
      throw StreamError(
        .unreachable, "the command is too long, or none of those that were configured when martlet started")
    }
    lastCommand &+= 1
    let id = lastCommand
    let given: [(Int32, CommandEnds)] = [(input, .input), (output, .output), (error, .error)].filter { $0.0 >= 0 }
    let ends = given.reduce(into: CommandEnds()) { $0.formUnion($1.1) }
    let packet = InnerRequest.start(id: id, command: number, ends: ends).packet
    guard socket.send(packet, carrying: given.map(\.0)) else {
      throw StreamError(.unreachable, "the command could not be asked for: \(systemError(errno))")
    }
    let started = OuterCommand(id, by: self)
    running[id] = started
    return started
  }

  fileprivate func release(_ id: UInt32, _ mercy: CommandMercy) {
    running[id] = nil
    socket.send(InnerRequest.release(id: id, mercy).packet)
  }

  // MARK: Words

  /// Tells the service manager, by the process that it listens to. What is told again and again does not wait for that
  /// one: where it was stopped (SIGSTOP), a line is lost, and mail is not kept waiting.
  package func notify(_ state: ServiceState, waits: Bool) {
    socket.send(InnerRequest.notify(state).packet, waits: waits)
  }

  /// Once this process has ended with 0, another takes its place, not confined yet.
  package func startAnew() { socket.send(InnerRequest.startAnew.packet) }

  fileprivate func receive() {
    while true {
      switch socket.receive() {
      case .nothing: return
      case .unreadable: continue
      case .gone:
        // The outer process died, and the kernel is about to end this one too.
        watch?.stop()
        raise(SIGKILL)
      case .packet(let packet):
        for descriptor in packet.carried { close(descriptor) }
        if let news = OuterNews(packet: packet.bytes) { take(news) }
      }
    }
  }

  private func take(_ news: OuterNews) {
    switch news {
    case .signal(let signal):
      if let handler = handlers[signal] { handler() } else { early.append(signal) }
    case .ended(let id, let end): running[id]?.ended(end)
    }
  }
}

/// A command that the outer process runs.
@Loop
private final class OuterCommand: StartedCommand {
  private let id: UInt32
  private let channel: OuterChannel
  private(set) var end: CommandEnd?
  private var onEnd: (@Loop (CommandEnd) -> Void)?
  private var isReleased = false

  init(_ id: UInt32, by channel: OuterChannel) {
    self.id = id
    self.channel = channel
  }

  func whenEnded(_ callback: @escaping @Loop (CommandEnd) -> Void) {
    if let end { callback(end) } else { onEnd = callback }
  }

  func look() { channel.receive() }

  func release(_ mercy: CommandMercy) {
    guard !isReleased else { return }
    isReleased = true
    onEnd = nil
    channel.release(id, mercy)
  }

  fileprivate func ended(_ end: CommandEnd) {
    self.end = end
    let callback = onEnd
    onEnd = nil
    callback?(end)
  }
}
