import CLinux
import Glibc
package import Ports
package import Reactor

/// A shell command in a process group of its own, watched through a pidfd: no other child is ever waited for.
///
/// Its owner calls `release()` at the end; until then an ended child stays a zombie, so that its group's number cannot
/// become another's.
@Loop
final class ChildProcess: StartedCommand {

  private enum Phase {
    /// Leaves to: ended, released.
    case running
    /// A zombie. Leaves to: reaped.
    case ended(CommandEnd)
    /// Nobody asks any more; it is on its way out. Leaves to: reaped.
    case released
    case reaped
  }

  /// From SIGTERM to SIGKILL.
  static let grace = Duration.seconds(2)
  /// Keeps released children until they are reaped.
  private static var leaving: [ObjectIdentifier: ChildProcess] = [:]

  private let reactor: Reactor
  private let identifier: pid_t
  private let descriptor: FileDescriptor
  private var watch: ReadinessWatch?
  private var killTimer: LoopTimer?
  private var phase = Phase.running
  private var onEnd: (@Loop (CommandEnd) -> Void)?

  /// The descriptors become the child's stdin, stdout and stderr; -1 stands for /dev/null. They stay the caller's.
  init(_ reactor: Reactor, command: String, input: Int32, output: Int32, error: Int32) throws(StreamError) {
    var identifier: pid_t = 0
    let failure = unsafe clinux_spawn_shell(command, input, output, error, &identifier)
    guard failure == 0 else {
      throw StreamError(.unreachable, "the command could not be started: \(systemError(failure))")
    }
    guard let descriptor = FileDescriptor(owning: clinux_pidfd_open(identifier)) else {
      let reason = errno
      kill(-identifier, SIGKILL)
      var status: Int32 = 0
      unsafe waitpid(identifier, &status, 0)
      throw StreamError(.unreachable, "the command could not be watched: \(systemError(reason))")
    }
    self.reactor = reactor
    self.identifier = identifier
    let number = descriptor.number
    self.descriptor = descriptor
    let watch = ReadinessWatch(reactor, descriptor: number, for: .readable) { [weak self] _ in self?.look() }
    self.watch = watch
    watch.start()
  }

  var end: CommandEnd? {
    if case .ended(let end) = phase { end } else { nil }
  }

  func whenEnded(_ callback: @escaping @Loop (CommandEnd) -> Void) {
    if let end { callback(end) } else { onEnd = callback }
  }

  /// Ends what still runs of the group and reaps.
  func release(_ mercy: CommandMercy) {
    onEnd = nil
    switch phase {
    case .released, .reaped: return
    case .ended: reap(killingGroup: mercy != .leaveOthers)
    case .running:
      phase = .released
      Self.leaving[ObjectIdentifier(self)] = self
      kill(-identifier, mercy == .kill ? SIGKILL : SIGTERM)
      guard mercy != .kill else { return }
      let timer = LoopTimer(reactor) { [identifier] in kill(-identifier, SIGKILL) }
      timer.start(after: Self.grace)
      killTimer = timer
    }
  }

  /// The pidfd tells by itself, but perhaps later than a timer.
  func look() {
    var number: Int32 = 0
    let state = unsafe clinux_child_state(descriptor.number, false, &number)
    guard state != clinux_child_runs else { return }
    watch?.stop()
    switch phase {
    case .running: break
    case .released: return reap(killingGroup: true)
    case .ended, .reaped: return
    }
    let end: CommandEnd = state == clinux_child_exited ? .exited(number) : .killed(signal: number)
    phase = .ended(end)
    let callback = onEnd
    onEnd = nil
    callback?(end)
  }

  private func reap(killingGroup: Bool) {
    killTimer?.cancel()
    if killingGroup { kill(-identifier, SIGKILL) }
    var number: Int32 = 0
    _ = unsafe clinux_child_state(descriptor.number, true, &number)
    phase = .reaped
    watch?.stop()
    Self.leaving[ObjectIdentifier(self)] = nil
  }
}

/// Commands as children of this process.
@Loop
package final class ChildCommands: CommandStarter {
  private let reactor: Reactor

  package init(_ reactor: Reactor) { self.reactor = reactor }

  package func start(
    _ command: String, input: Int32, output: Int32, error: Int32
  ) throws(StreamError) -> any StartedCommand {
    try ChildProcess(reactor, command: command, input: input, output: output, error: error)
  }
}

extension CommandEnd {
  /// For a person, after "the command".
  var text: String {
    switch self {
    case .exited(let status): "ended with status \(status)"
    case .killed(let signal): "was killed by signal \(signal)"
    case .notStarted(let reason): "could not be started: \(systemError(reason))"
    }
  }
}
