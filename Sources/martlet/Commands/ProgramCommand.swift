import ArgumentParser
import Ports

/// A command as the program runs it, on the loop.
protocol ProgramCommand: ParsableCommand, Sendable {
  var common: CommonOptions { get }
  /// Whether it is to confine itself to what it needs, and so to be two processes.
  static var isConfined: Bool { get }

  /// Cancelled on SIGTERM and SIGINT, and then to return soon.
  @Loop func perform(_ program: ProgramContext) async -> ExitStatus
}

extension ProgramCommand {
  static var isConfined: Bool { false }
}
