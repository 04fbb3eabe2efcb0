/// Starts the shell commands that a person configured: `password_command`, `tunnel`.
@Loop
package protocol CommandStarter: AnyObject {
  /// The descriptors become the command's stdin, stdout and stderr; -1 stands for /dev/null. They stay the caller's.
  func start(
    _ command: String, input: Int32, output: Int32, error: Int32
  ) throws(StreamError) -> any StartedCommand
}

/// A command at work, with whatever it starts. Its owner calls `release` at the end.
@Loop
package protocol StartedCommand: AnyObject {
  /// Nil while it runs.
  var end: CommandEnd? { get }

  /// Calls back when it ends, or at once if it has.
  func whenEnded(_ callback: @escaping @Loop (CommandEnd) -> Void)

  /// Looks whether it has ended, for a caller whose timer may be earlier than the news.
  func look()

  /// Nobody asks any more: what is to become of it. Later calls change nothing.
  func release(_ mercy: CommandMercy)
}

package enum CommandEnd: Hashable, Sendable {
  case exited(Int32)
  case killed(signal: Int32)
  /// The errno says why.
  case notStarted(Int32)
}

package enum CommandMercy: UInt8, Hashable, Sendable {
  /// Lets live what an ended command left behind, an agent for instance. One that runs is ended as with `terminate`.
  case leaveOthers
  /// SIGTERM, and after a moment SIGKILL, for its whole process group.
  case terminate
  /// SIGKILL at once.
  case kill
}
