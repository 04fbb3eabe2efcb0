import ArgumentParser
import Ports

/// Not for people: a confined daemon lets the outer process ask whether `run` would start as things are.
struct TryCommand: ProgramCommand {
  static let name = "try-configuration"
  static let configuration = CommandConfiguration(
    commandName: name, abstract: "Tells whether run would start with the configuration as it is.",
    shouldDisplay: false)

  @Argument var accounts: [String] = []

  @OptionGroup var common: CommonOptions

  @Loop
  func perform(_ program: ProgramContext) async -> ExitStatus {
    guard let configuration = program.loadConfiguration() else { return .configuration }
    return AccountChoice(configuration, program).choose(accounts) == nil ? .usage : .success
  }
}
