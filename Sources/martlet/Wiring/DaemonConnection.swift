import Configuration
import Control
import Logging
import Ports
import Transport

/// The way from a command to the daemon of the same state directory.
@Loop
enum DaemonConnection {
  /// Nil where none answers.
  static func open(_ program: ProgramContext) -> ControlClient? {
    do {
      return try UnixSocket.connect(program.reactor, path: program.paths.controlSocket).map {
        ControlClient($0, clock: program.clock)
      }
    } catch {
      // Then there is none for us; if it holds the accounts, their locks say so.
      program.log.info("\(error.text)")
      return nil
    }
  }
}
