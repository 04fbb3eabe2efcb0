// The executable: commands, and the one place where everything is wired together. Read this file first, then Martlet
// (the command line), AccountAssembly (the wiring) and Daemon (`martlet run`). It may import everything.

import ArgumentParser
import CLinux
import Configuration
import Confinement
import Control
import Glibc
import Logging
import Ports
import Reactor

@main
enum Program {
  /// Not asynchronous: the loop is to run on this thread, which an asynchronous main would hand to Dispatch.
  static func main() {
    EarlySignals.hold()
    // Before anything else is opened, which would take the place of a standard descriptor that is closed.
    clinux_open_standard()
    umask(0o077)
    // In both processes a limit on the size of files (`ulimit -f`) is an error like a full disk's, and no death (law L11).
    signal(SIGXFSZ, SIG_IGN)
    _ = clinux_forbid_dumps()
    let command = parse()
    let environment = Environment()
    let errors = ErrorOutput(environment: environment, format: command.common.logFormat)
    StandardOutput.tellLosses(by: errors)
    let paths: Paths
    do {
      paths = try Paths(command.common, environment: environment)
    } catch {
      errors.tell(error)
      exit(ExitStatus.configuration.rawValue)
    }
    // Here, while there is one thread and nothing is known that is worth protecting.
    let outer = split(command, environment, awaiting: EarlySignals.awaited(by: command))
    let reactor = Reactor()
    Loop.bind(reactor)
    Task.detached(executorPreference: reactor) {
      await run(command, reactor, environment, paths, errors, outer)
    }
    reactor.run()
    exit(ExitStatus.software.rawValue)
  }

  /// The command, or the end of the process after help, the version or a complaint.
  private static func parse() -> any ProgramCommand {
    do {
      let arguments = ArgumentOrder.commandFirst(Array(CommandLine.arguments.dropFirst()))
      try Martlet.requireCommand(in: arguments)
      let command = try Martlet.parseAsRoot(arguments)
      if let command = command as? any ProgramCommand { return command }
      // `help`, and the like, which the parser brings along.
      var builtIn = command
      try builtIn.run()
      exit(ExitStatus.success.rawValue)
    } catch {
      Martlet.exit(withError: error)
    }
  }

  /// Nil where one process does.
  private static func split(
    _ command: any ProgramCommand, _ environment: Environment, awaiting signals: [Int32]
  ) -> OuterLink? {
    guard type(of: command).isConfined, Confinement.isSupported else { return nil }
    let socket = ServiceSocket(environment)
    return OuterProcess.split(passingOn: signals) { socket?.send($0) }
  }

  @Loop
  private static func run(
    _ command: any ProgramCommand, _ reactor: Reactor, _ environment: Environment, _ paths: Paths,
    _ errors: ErrorOutput, _ outer: OuterLink?
  ) async {
    let program = ProgramContext(
      reactor, command.common, environment: environment, paths: paths, errors: errors, outer: outer)
    let work = Loop.task { await command.perform(program) }
    let signals = StopSignals(program.signals)
    signals.onFirst = { [signals] in
      work.cancel()
      Loop.task {
        guard await program.clock.passes(StopSignals.deadline) else { return }
        program.log.warning("not everything ended in time; what is unfinished is taken up again next time")
        end(command, .success, signals)
      }
    }
    end(command, await work.value, signals)
  }

  /// What was stopped half-way has no result to tell; `run` is told to stop, and that is its result.
  @Loop
  private static func end(_ command: any ProgramCommand, _ status: ExitStatus, _ signals: StopSignals) -> Never {
    if let signal = signals.received, !(command is RunCommand) { signals.die(of: signal) }
    exit(status.rawValue)
  }
}

extension Paths {
  init(_ options: CommonOptions, environment: Environment) throws(ConfigurationErrors) {
    try self.init(
      environment: environment.variables, configurationFile: options.config,
      stateDirectory: options.stateDir.map(AbsolutePath.of))
  }
}
