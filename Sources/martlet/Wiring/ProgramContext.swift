import Configuration
import Confinement
import Glibc
import LedgerSQLite
import Logging
import Ports
import Reactor
import Transport

/// What every command works with.
@Loop
final class ProgramContext {
  let reactor: Reactor
  let clock: any LoopClock
  let environment: Environment
  let options: CommonOptions
  let paths: Paths
  let errors: ErrorOutput
  let log: Logger
  /// The process that was started, where this one is its confined half.
  let outer: OuterChannel?
  let signals: Signals
  let commands: any CommandStarter
  let dialer: TransportDialer
  let privilege: LeastPrivilege
  /// Ledgers as this process left them, by state directory.
  var knownLedgers: [String: LedgerStamp] = [:]
  /// For small files that may be on a slow disk, or a pipe.
  let sideQueue = SideQueue(name: "martlet-side", threads: 2)

  init(
    _ reactor: Reactor, _ options: CommonOptions, environment: Environment, paths: Paths, errors: ErrorOutput,
    outer link: OuterLink?
  ) {
    self.reactor = reactor
    self.options = options
    self.environment = environment
    self.paths = paths
    self.errors = errors
    clock = ReactorClock(reactor)
    let outer = link.map { OuterChannel(reactor, $0) }
    self.outer = outer
    signals = Signals(reactor, outer: outer)
    commands = outer ?? ChildCommands(reactor)
    dialer = TransportDialer(reactor: reactor, commands: commands)
    log = Logger(label: Release.name) { _ in StandardErrorLog(options, environment: environment, output: errors) }
    privilege = LeastPrivilege(paths, environment, outer: outer, log: log)
  }

  /// The process that people and the service manager know, and send signals to.
  var processID: Int32 { outer?.processID ?? getpid() }

  /// A logger whose messages name the account.
  func log(account: String) -> Logger {
    var log = log
    log[metadataKey: "account"] = "\(account)"
    return log
  }

  /// The configuration, or nil after having said what is wrong with it.
  func loadConfiguration() -> Configuration? {
    do {
      return try Configuration.load(paths)
    } catch {
      errors.tell(error)
      return nil
    }
  }
}
