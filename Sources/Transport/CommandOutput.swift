import Glibc
package import Mail
package import Ports
package import Reactor

/// The first line that a shell command prints: how `password_command` gives a password.
///
/// The command has no stdin (/dev/null) and may not take longer than the deadline; then its whole process group is
/// killed. Its output never reaches an error's text, its stderr does.
@Loop
package struct CommandOutput {
  package static let defaultDeadline = Duration.seconds(60)
  /// Longer output is an error: a wrong command, not a password.
  package static let outputLimit = 64 * 1024

  private let reactor: Reactor
  private let commands: any CommandStarter
  private let deadline: Duration

  /// Commands are children of this process where no `commands` are given.
  package init(
    reactor: Reactor, commands: (any CommandStarter)? = nil, deadline: Duration = CommandOutput.defaultDeadline
  ) {
    self.reactor = reactor
    self.commands = commands ?? ChildCommands(reactor)
    self.deadline = deadline
  }

  /// Without its line end.
  package func firstLine(of command: String) async throws(CommandError) -> Secret {
    let run: CommandRun
    do throws(StreamError) {
      run = try CommandRun(reactor, command: command, by: commands, limit: Self.outputLimit)
    } catch {
      throw CommandError(.failed, error.text)
    }
    return try await run.firstLine(within: deadline)
  }
}

package struct CommandError: Error, Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    /// Could not start, ended with another status than 0, or printed nothing that could be used.
    case failed
    case timedOut
    case cancelled
  }

  package let kind: Kind
  /// For a person; the command itself is not repeated, for it may hold a secret.
  package let text: String

  package init(_ kind: Kind, _ text: String) {
    self.kind = kind
    self.text = text
  }
}

@Loop
private final class CommandRun {
  private enum Outcome: Sendable { case ended(CommandEnd), tooLong, timedOut }

  private let reactor: Reactor
  private let child: any StartedCommand
  private let output: PipeReader
  private let errors: PipeReader
  private let place: WaitingPlace<Outcome>

  init(_ reactor: Reactor, command: String, by commands: any CommandStarter, limit: Int) throws(StreamError) {
    self.reactor = reactor
    let place = WaitingPlace<Outcome>()
    self.place = place
    let overflow: @Loop () -> Void = { place.resume(returning: .tooLong) }
    (child, output, errors) = try PipeReader.make(reactor, limit: limit, keeping: .first, onOverflow: overflow) {
      (output, outputEnd) throws(StreamError) in
      try PipeReader.make(reactor, limit: CommandStream.errorLimit, keeping: .last) {
        (errors, errorEnd) throws(StreamError) in
        let child = try commands.start(command, input: -1, output: outputEnd, error: errorEnd)
        return (child, output, errors)
      }
    }
  }

  isolated deinit { child.release(.kill) }

  func firstLine(within deadline: Duration) async throws(CommandError) -> Secret {
    defer { output.wipe() }
    let (place, child) = (place, child)
    let timer = LoopTimer(reactor) { place.resume(returning: .timedOut) }
    timer.start(after: deadline)
    child.whenEnded { place.resume(returning: .ended($0)) }
    let outcome = await place.wait()
    timer.cancel()
    switch outcome {
    case .ended(let end):
      // Not `.kill`: an agent that the command started may live on.
      child.release(.leaveOthers)
      output.take()
      errors.take()
      return try line(after: end)
    case .tooLong:
      throw CommandError(.failed, "the command printed more than \(output.bytes.count) bytes")
    case .timedOut:
      errors.take()
      throw CommandError(.timedOut, "the command did not end within \(deadline)" + said())
    case nil:
      throw CommandError(.cancelled, "waiting for the command was cancelled")
    }
  }

  private func line(after end: CommandEnd) throws(CommandError) -> Secret {
    guard end == .exited(0) else { throw CommandError(.failed, "the command \(end.text)" + said()) }
    if output.hasOverflowed {
      throw CommandError(.failed, "the command printed more than \(output.bytes.count) bytes")
    }
    let length = firstLineLength(output.bytes)
    guard length > 0 else { throw CommandError(.failed, "the command printed no first line" + said()) }
    guard let line = Secret(validating: output.bytes[..<length]) else {
      throw CommandError(.failed, "the command's first line is not UTF-8")
    }
    return line
  }

  private func said() -> String {
    // The last line says why; what is before it may be long, and is nobody's business.
    let lines = errors.bytes.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
    let words = lastWords(Array(lines.last { !$0.allSatisfy { $0 == UInt8(ascii: " ") } } ?? []))
    return words.isEmpty ? "" : ": \(words)"
  }
}
