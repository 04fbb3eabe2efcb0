import CLinux
import Glibc
import Ports
import Reactor

/// The commands that the outer process runs, each in a process group of its own.
///
/// An ended command stays a zombie until it is released, so that its group's number cannot become another's.
final class OuterCommands {
  /// From SIGTERM to SIGKILL.
  private static let graceSeconds = 2
  /// At a time. Tunnels are as many as connections; whoever asks for more than this is not ours any more.
  static let runningMax = 1024

  private final class Command {
    let group: pid_t
    let descriptor: FileDescriptor
    var hasEnded = false
    /// CLOCK_MONOTONIC; nil until it is asked to end.
    var killAtSeconds: Int?

    init(_ group: pid_t, _ descriptor: consuming FileDescriptor) {
      self.group = group
      self.descriptor = descriptor
    }
  }

  private let runningMax: Int
  private var allowed: [String] = []
  private var isSealed = false
  private var running: [UInt32: Command] = [:]

  init(runningMax: Int = OuterCommands.runningMax) { self.runningMax = runningMax }

  func allow(_ command: String) {
    // The inner process talks to servers by now, and may say what one of them made it say.
    if !isSealed { allowed.append(command) }
  }

  func seal() { isSealed = true }

  /// Answers why it did not start; nil where it did.
  func start(_ id: UInt32, _ number: UInt32, _ ends: CommandEnds, _ carried: [Int32]) -> CommandEnd? {
    guard allowed.indices.contains(Int(number)), running[id] == nil else { return .notStarted(EPERM) }
    guard running.count < runningMax else { return .notStarted(EAGAIN) }
    // It would get /dev/null for the one that did not come over.
    guard carried.count == ends.rawValue.nonzeroBitCount else { return .notStarted(EMFILE) }
    var rest = carried[...]
    func descriptor(_ end: CommandEnds) -> Int32 { ends.contains(end) ? rest.popFirst() ?? -1 : -1 }
    let (input, output, error) = (descriptor(.input), descriptor(.output), descriptor(.error))
    var group: pid_t = 0
    let failure = unsafe clinux_spawn_shell(allowed[Int(number)], input, output, error, &group)
    guard failure == 0 else { return .notStarted(failure) }
    guard let watched = FileDescriptor(owning: clinux_pidfd_open(group)) else {
      let reason = errno
      kill(-group, SIGKILL)
      waitpid(group, nil, 0)
      return .notStarted(reason)
    }
    running[id] = Command(group, watched)
    return nil
  }

  /// What is to become of a command that nobody asks for any more.
  func release(_ id: UInt32, _ mercy: CommandMercy) {
    guard let command = running[id] else { return }
    if command.hasEnded {
      if mercy != .leaveOthers { kill(-command.group, SIGKILL) }
      reap(id, command)
    } else {
      kill(-command.group, mercy == .kill ? SIGKILL : SIGTERM)
      command.killAtSeconds = Self.nowSeconds + Self.graceSeconds
    }
  }

  /// Tells of each that has ended since the last look; ends those whose time is over.
  func look(_ tell: (UInt32, CommandEnd) -> Void) {
    for (id, command) in running {
      if let deadline = command.killAtSeconds, deadline <= Self.nowSeconds {
        kill(-command.group, SIGKILL)
        // One that cannot die at once, in the kernel's hands, is asked again and not all the time.
        command.killAtSeconds = Self.nowSeconds + Self.graceSeconds
      }
      guard !command.hasEnded else { continue }
      var number: Int32 = 0
      let state = unsafe clinux_child_state(command.descriptor.number, false, &number)
      guard state != clinux_child_runs else { continue }
      command.hasEnded = true
      if command.killAtSeconds != nil {
        // Released before: nobody is told, and nothing of it stays.
        kill(-command.group, SIGKILL)
        reap(id, command)
      } else {
        tell(id, state == clinux_child_exited ? .exited(number) : .killed(signal: number))
      }
    }
  }

  /// The inner process is gone: so is whoever the commands worked for.
  func terminateAll() {
    for (id, command) in running {
      if command.hasEnded { reap(id, command) } else { kill(-command.group, SIGTERM) }
    }
  }

  /// For poll(2); -1 where there is none.
  var millisecondsToNextDeadline: Int32 {
    guard let next = running.values.compactMap(\.killAtSeconds).min() else { return -1 }
    return Int32(max(next - Self.nowSeconds, 0) * 1000 + 10)
  }

  private func reap(_ id: UInt32, _ command: Command) {
    var number: Int32 = 0
    _ = unsafe clinux_child_state(command.descriptor.number, true, &number)
    running[id] = nil
  }

  private static var nowSeconds: Int {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec
  }
}
