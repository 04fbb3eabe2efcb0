import ArgumentParser
import Ports

/// A command as the program runs it, on the loop.
protocol ProgramCommand: ParsableCommand, Sendable {
  var common: CommonOptions { get }

  /// Cancelled on SIGTERM and SIGINT, and then to return soon.
  @Loop func perform(_ program: ProgramContext) async -> ExitStatus
}
