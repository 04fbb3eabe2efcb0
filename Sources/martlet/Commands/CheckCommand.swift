import ArgumentParser
import Configuration
import Logging
import Mail
import Ports
import Reconciliation

/// Reads the configuration, connects, logs in, and tells what it found; changes nothing on either side.
struct CheckCommand: ProgramCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Tries the configuration out: connects, logs in, and tells what it found.",
    discussion: "Changes nothing on either side.")

  @Argument(help: ArgumentHelp("Accounts; all where none is named.", valueName: "account"))
  var accounts: [String] = []

  @OptionGroup var common: CommonOptions

  @Loop
  func perform(_ program: ProgramContext) async -> ExitStatus {
    guard let configuration = program.loadConfiguration() else { return .configuration }
    guard let accounts = AccountChoice(configuration, program).choose(accounts) else { return .usage }
    StandardOutput.write("\(printable(program.paths.configurationFile)): fine")
    return await withTaskGroup(of: (Int, AccountCheck).self) { group in
      for (index, account) in accounts.enumerated() {
        group.addTask { (index, await AccountCheck.of(account, program)) }
      }
      var checks: [Int: AccountCheck] = [:]
      for await (index, check) in group { checks[index] = check }
      var status = ExitStatus.success
      for index in accounts.indices {
        guard let check = checks[index] else { continue }
        StandardOutput.write("\n" + check.lines.joined(separator: "\n"))
        if let error = check.error { program.log(account: check.name).error("\(error.text)") }
        status = max(status, check.error.map { ExitStatus($0) } ?? .success)
      }
      return status
    }
  }
}
