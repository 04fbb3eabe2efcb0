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
    guard !toldSockets(program).isEmpty else { return nil }
    program.log.info("the daemon does not listen on \(printable(program.paths.controlSocket)) yet; waiting for it")
    let end = program.clock.now.advanced(by: patience)
    while program.clock.now < end, await program.clock.passes(interval) {
      do {
        if let client = try connect(program) { return client }
      } catch {
        // Told above, or at the last try.
        continue
      }
      guard !toldSockets(program).isEmpty else { break }
    }
    return Task.isCancelled ? nil : open(program)
  }

  /// Where our environment has its socket, else where a daemon of this state says that it listens: under cron or su the
  /// environment is another than that of a service.
  private static func connect(_ program: ProgramContext) throws(StreamError) -> ControlClient? {
    let own = program.paths.controlSocket
    var failure: StreamError?
    for path in [own] + toldSockets(program).subtracting([own, ""]).sorted() {
      do {
        guard let stream = try UnixSocket.connect(program.reactor, path: path) else { continue }
        return ControlClient(stream, clock: program.clock)
      } catch {
        // Perhaps another user's, where `su` has kept the environment.
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
    return nil
  }

  /// Of the daemons that live and have one of the accounts. Only we can write in the state directory, which they are
  /// told in.
  private static func toldSockets(_ program: ProgramContext) -> Set<String> {
    let directory = program.paths.stateDirectory
    do {
      return Set(
        try FileManager.default.contentsOfDirectory(atPath: directory).compactMap {
          AccountLock.daemonSocket(directory: directory + "/" + $0)
        })
    } catch {
      // Nothing was ever synced with this state.
      return []
    }
  }
}
