import Configuration
import Glibc
import Logging
import Ports
import Reactor

/// Whether another process could begin with the configuration as it is now, where this one is not let read it.
///
/// The outer process runs martlet itself for that, not confined, as a command like those that are configured.
@Loop
struct ConfigurationTrial {
  private static let deadline: Duration = .seconds(20)

  /// To be named to the outer process before the first word of a server.
  let command: String
  private let program: ProgramContext

  /// `names` are the accounts of the command line.
  init(_ program: ProgramContext, names: [String]) {
    self.program = program
    var words = [Self.executable, TryCommand.name, "--config", program.paths.configurationFile]
    words += program.options.stateDir.map { ["--state-dir", $0] } ?? []
    words += ["--log-format", program.options.logFormat.rawValue, "--"] + names
    command = "exec " + words.map(\.inShellQuotes).joined(separator: " ")
  }

  /// What is wrong is told on standard error, as at a start.
  func succeeds() async -> Bool {
    let started: any StartedCommand
    do throws(StreamError) {
      started = try program.commands.start(command, input: -1, output: -1, error: STDERR_FILENO)
    } catch {
      program.log.error("the configuration could not be looked at: \(error.text)")
      return false
    }
    defer { started.release(.kill) }
    let place = WaitingPlace<CommandEnd?>()
    let timer = LoopTimer(program.reactor) { place.resume(returning: nil) }
    timer.start(after: Self.deadline)
    defer { timer.cancel() }
    started.whenEnded { place.resume(returning: $0) }
    switch await place.wait() ?? nil {
    case .exited(0): return true
    case .exited(ExitStatus.configuration.rawValue), .exited(ExitStatus.usage.rawValue): break
    case .exited, .killed, .notStarted, nil: program.log.error("the configuration could not be looked at")
    }
    return false
  }

  /// After an upgrade the file is another, under the name of the old one.
  private static var executable: String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else { return Release.name }
    let path = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    return path.hasSuffix(" (deleted)") ? String(path.dropLast(10)) : path
  }
}
