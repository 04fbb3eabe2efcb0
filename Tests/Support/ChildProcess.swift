import Foundation
import Glibc

/// A program that a test started: its output, its end, and the certainty that nothing of it stays behind.
///
/// It leads a process group of its own. `stop` ends the whole group; so does letting go of the last reference; and when
/// this process itself dies, the guardian does it.
package final class ChildProcess: Sendable {
  /// Where the program's output goes.
  package enum Output: Sendable {
    /// Kept here, standard output and standard error apart, at most `outputMax` bytes each.
    case memory
    /// Both appended to a file.
    case file(String)
  }

  /// What standard input is.
  package enum Input: Sendable {
    case nothing
    case bytes([UInt8])
    /// A pipe that `write` fills and `closeInput` ends.
    case pipe
  }

  package enum Stream: Sendable { case output, errors }

  package enum Ending: Hashable, Sendable, CustomStringConvertible {
    case exited(Int32)
    case killed(signal: Int32)

    package var description: String {
      switch self {
      case .exited(let code): "exited with \(code)"
      case .killed(let signal): "was killed by signal \(signal)"
      }
    }
  }

  /// Most bytes kept of each stream; beyond that the program is only drained.
  package static let outputMax = 256 << 20

  package let identifier: Int32
  package let arguments: [String]
  private let state: Monitor<ChildState>

  /// Starts the program; its name is looked up in PATH where it holds no slash.
  package init(
    _ arguments: [String], environment: [String: String]? = nil, directory: String? = nil, input: Input = .nothing,
    output: Output = .memory
  ) throws {
    self.arguments = arguments
    // The program's ends, and ours, which go too when it cannot be started.
    var (theirs, ours): ([Int32], [Int32]) = ([], [])
    var isStarted = false
    defer { for descriptor in theirs + (isStarted ? [] : ours) { close(descriptor) } }
    var spawn = Spawn(
      arguments: arguments, environment: environment, directory: directory, input: nil, output: nil, errors: nil)

    var state = ChildState()
    if case .nothing = input {
    } else {
      let pipe = try Pipe.make()
      theirs.append(pipe.readEnd)
      ours.append(pipe.writeEnd)
      spawn.input = pipe.readEnd
      state.input = pipe.writeEnd
    }
    var readers: [(Int32, Stream)] = []
    switch output {
    case .file(let path):
      let file = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
      guard file >= 0 else { throw SupportError.system("cannot write \(path)", code: errno) }
      theirs.append(file)
      spawn.output = file
      spawn.errors = file
    case .memory:
      let (out, err) = (try Pipe.make(), try Pipe.make())
      theirs += [out.writeEnd, err.writeEnd]
      ours += [out.readEnd, err.readEnd]
      spawn.output = out.writeEnd
      spawn.errors = err.writeEnd
      readers = [(out.readEnd, .output), (err.readEnd, .errors)]
    }
    state.openStreams = readers.count
    identifier = try spawn.start()
    isStarted = true
    Guardian.shared.watch(.group(identifier))
    self.state = Monitor(state)
    startThreads(reading: readers, input)
  }

  deinit {
    closeInput()
    guard !state.read(\.isReaped) else { return }
    kill(-identifier, SIGKILL)
    Guardian.shared.release(.group(identifier))
    Thread.detachNewThread { [state, identifier] in state.reap(identifier) }
  }

  package var ending: Ending? { state.read(\.ending) }
  package var isRunning: Bool { ending == nil }
  package var standardOutput: String { String(decoding: state.read(\.output), as: UTF8.self) }
  package var standardErrors: String { String(decoding: state.read(\.errors), as: UTF8.self) }
  package var standardOutputBytes: [UInt8] { state.read(\.output) }

  /// Stops the program with all of its processes, as a suspend does, until `resume`.
  package func pause() { signalGroup(SIGSTOP) }
  package func resume() { signalGroup(SIGCONT) }

  private func signalGroup(_ number: Int32) {
    state.read { if !$0.isReaped { kill(-identifier, number) } }
  }

  /// Sends a signal to the program alone.
  package func signal(_ number: Int32) {
    state.read { if !$0.isReaped { kill(identifier, number) } }
  }

  /// Waits for the program's end, and for the end of its output unless something else holds that open.
  package func wait(within limit: Duration = .seconds(30)) async throws -> Ending {
    let ending = try await onOwnThread { [state] in
      let deadline = Deadline(in: limit)
      let ending = state.wait(until: deadline) { $0.ending }
      _ = state.wait(until: Deadline(in: .seconds(1))) { $0.openStreams == 0 ? true : nil }
      return ending
    }
    guard let ending else { throw SupportError("\(shown) still runs after \(limit)\(tail)") }
    return ending
  }

  /// The ending where it comes within 2 ms, for loops that ask something else in between. Blocks.
  func waitBriefly() -> Ending? { state.wait(until: Deadline(in: .milliseconds(2))) { $0.ending } }

  /// The next whole line, in order, that `isWanted`; the ones before it are passed over for good.
  package func line(
    of stream: Stream = .output, within limit: Duration = .seconds(30),
    where isWanted: @escaping @Sendable (String) -> Bool = { _ in true }
  ) async throws -> String {
    let found = try await onOwnThread { [state] in
      state.wait(until: Deadline(in: limit)) { state -> String?? in
        while let line = state.nextLine(of: stream) {
          if isWanted(line) { return .some(line) }
        }
        return state.openStreams == 0 ? .some(nil) : nil
      }
    }
    guard let found else { throw SupportError("\(shown) did not print the awaited line within \(limit)\(tail)") }
    guard let line = found else { throw SupportError("\(shown) ended before the awaited line\(tail)") }
    return line
  }

  /// Writes to standard input. May block while the program does not read, so not for more than a pipe holds (64 KiB).
  package func write(_ text: String) { state.feed(Array(text.utf8)) }
  package func closeInput() { state.closeInput() }

  /// Ends the program and all of its group: SIGTERM, then after `grace` SIGKILL. Returns when none of it is left.
  @discardableResult
  package func stop(grace: Duration = .seconds(5)) async -> Ending {
    closeInput()
    if !state.read(\.isReaped) {
      kill(-identifier, SIGTERM)
      if await !isGone(within: grace) {
        kill(-identifier, SIGKILL)
        // SIGKILL cannot be refused; only a process stuck in the kernel outlives this.
        _ = await isGone(within: .seconds(30))
      }
      Guardian.shared.release(.group(identifier))
      if !isRunning { state.reap(identifier) }
    }
    return ending ?? .killed(signal: SIGKILL)
  }

  /// True when no process of the group is left.
  package var groupIsGone: Bool { !isRunning && !ProcessGroup.isAlive(identifier) }

  private func isGone(within limit: Duration) async -> Bool {
    do {
      return try await onOwnThread { [state, identifier] in
        let deadline = Deadline(in: limit)
        guard state.wait(until: deadline, { $0.ending }) != nil else { return false }
        // Nobody is told of the end of a process that is not its child, so the rest of the group is asked for.
        while ProcessGroup.isAlive(identifier) {
          if deadline.hasPassed { return false }
          poll(nil, 0, 2)
        }
        return true
      }
    } catch {
      preconditionFailure("the wait above throws nothing: \(error)")
    }
  }

  private var shown: String { arguments.joined(separator: " ") }

  /// The threads keep the state alive, and not this object.
  private func startThreads(reading readers: [(Int32, Stream)], _ input: Input) {
    let (state, identifier) = (state, identifier)
    for (descriptor, stream) in readers {
      Thread.detachNewThread { state.drain(descriptor, as: stream) }
    }
    Thread.detachNewThread { state.awaitEnding(of: identifier) }
    if case .bytes(let bytes) = input {
      Thread.detachNewThread {
        state.feed(bytes)
        state.closeInput()
      }
    }
  }

  /// The end of what the program said, for an error message.
  private var tail: String {
    let said = (standardErrors + standardOutput).suffix(2_000)
    return said.isEmpty ? "" : "; it said:\n\(said)"
  }
}

extension ChildProcess {
  package struct Result: Sendable {
    package let ending: Ending
    package let output: String
    package let errors: String
    package var succeeded: Bool { ending == .exited(0) }
  }

  /// Runs a program to its end.
  package static func run(
    _ arguments: [String], environment: [String: String]? = nil, directory: String? = nil,
    input: Input = .nothing, within limit: Duration = .seconds(60)
  ) async throws -> Result {
    let child = try ChildProcess(arguments, environment: environment, directory: directory, input: input)
    do {
      let ending = try await child.wait(within: limit)
      return Result(ending: ending, output: child.standardOutput, errors: child.standardErrors)
    } catch {
      await child.stop()
      throw error
    }
  }

  /// Runs a program that must succeed, and gives its standard output.
  @discardableResult
  package static func output(
    of arguments: [String], directory: String? = nil, input: Input = .nothing, within limit: Duration = .seconds(60)
  ) async throws -> String {
    let result = try await run(arguments, directory: directory, input: input, within: limit)
    guard result.succeeded else {
      throw SupportError("\(arguments.joined(separator: " ")) \(result.ending): \(result.errors)\(result.output)")
    }
    return result.output
  }
}
