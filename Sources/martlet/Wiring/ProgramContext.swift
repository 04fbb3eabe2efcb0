import Configuration
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
  let dialer: TransportDialer
  /// For small files that may be on a slow disk, or a pipe.
  let sideQueue = SideQueue(name: "martlet-side", threads: 2)

  init(_ reactor: Reactor, _ options: CommonOptions, environment: Environment, paths: Paths, errors: ErrorOutput) {
    self.reactor = reactor
    self.options = options
    self.environment = environment
    self.paths = paths
    self.errors = errors
    clock = ReactorClock(reactor)
    dialer = TransportDialer(reactor: reactor)
    log = Logger(label: Release.name) { _ in StandardErrorLog(options, environment: environment, output: errors) }
  }

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
      tell(error)
      return nil
    }
  }

  /// Each as `FILE:LINE: KEY: what was expected`, bare, so that editors find the place.
  func tell(_ errors: ConfigurationErrors) {
    for error in errors.errors {
      switch options.logFormat {
      case .text: self.errors.write("\(error)")
      case .json: log.error("\(error)")
      }
    }
  }
}
