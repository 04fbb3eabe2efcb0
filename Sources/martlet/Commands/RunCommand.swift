import ArgumentParser
import Ports

/// Keeps accounts in sync until told to stop.
struct RunCommand: ProgramCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Keeps the accounts in sync until told to stop.",
    discussion: """
      Stays in the foreground. SIGTERM and SIGINT stop it, SIGHUP makes it read the configuration again, SIGUSR1 makes \
      it sync everything now.
      """)

  static let isConfined = true

  @Argument(help: ArgumentHelp("Accounts; all where none is named.", valueName: "account"))
  var accounts: [String] = []

  @OptionGroup var common: CommonOptions

  @Loop
  func perform(_ program: ProgramContext) async -> ExitStatus {
    program.errors.stopWaitingForReaders()
    return await Daemon(program, names: accounts).run()
  }
}
