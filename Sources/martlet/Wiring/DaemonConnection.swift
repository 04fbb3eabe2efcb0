import Configuration
import Control
import Foundation
import LedgerSQLite
import Logging
import Mail
import Ports
import Transport

/// The way from a command to the daemon of the same state directory.
@Loop
enum DaemonConnection {
  /// How long a daemon that has its accounts may take to listen: it was started just now, or starts anew, which begins
  /// with an orderly stop.
  static let patience: Duration = StopSignals.deadline
  private static let interval: Duration = .milliseconds(50)

  /// Nil where none answers now.
  static func open(_ program: ProgramContext) -> ControlClient? {
    do {
      return try connect(program)
    } catch {
      // Then there is none for us; if it holds the accounts, their locks say so.
      program.log.info("\(error.text)")
      return nil
    }
  }

  /// The same, but one that is about to listen is waited for; nil also where the task was cancelled meanwhile.
  static func openSoon(_ program: ProgramContext) async -> ControlClient? {
    if let client = open(program) { return client }
    guard isExpected(program) else { return nil }
    program.log.info("the daemon does not listen on \(printable(program.paths.controlSocket)) yet; waiting for it")
    let end = program.clock.now.advanced(by: patience)
    while program.clock.now < end, await program.clock.passes(interval) {
      do {
        if let client = try connect(program) { return client }
      } catch {
        // Told above, or at the last try.
        continue
      }
      guard isExpected(program) else { break }
    }
    return Task.isCancelled ? nil : open(program)
  }

  private static func connect(_ program: ProgramContext) throws(StreamError) -> ControlClient? {
    try UnixSocket.connect(program.reactor, path: program.paths.controlSocket).map {
      ControlClient($0, clock: program.clock)
    }
  }

  /// True where a daemon that lives has one of the accounts.
  private static func isExpected(_ program: ProgramContext) -> Bool {
    let directory = program.paths.stateDirectory
    do {
      return try FileManager.default.contentsOfDirectory(atPath: directory).contains {
        AccountLock.isDaemons(directory: directory + "/" + $0)
      }
    } catch {
      // Nothing was ever synced with this state.
      return false
    }
  }
}
