import ArgumentParser
import Configuration
import Logging
import Mail
import Ports

/// Every folder of both sides, the name it maps to, and whether and why it is left out.
struct FoldersCommand: ProgramCommand {
  static let configuration = CommandConfiguration(
    commandName: "folders", abstract: "Lists the folders of both sides, and what becomes of each.",
    discussion: "Changes nothing on either side.")

  @Argument(help: ArgumentHelp("The account; all where none is named.", valueName: "account"))
  var account: String?

  @OptionGroup var common: CommonOptions

  @Loop
  func perform(_ program: ProgramContext) async -> ExitStatus {
    guard let configuration = program.loadConfiguration() else { return .configuration }
    guard let accounts = AccountChoice(configuration, program).choose(account.map { [$0] } ?? []) else { return .usage }
    var status = ExitStatus.success
    for (index, account) in accounts.enumerated() {
      let survey = AccountSurvey(account, program)
      do throws(StoreError) {
        let folders = try await survey.folders()
        if accounts.count > 1 { StandardOutput.write((index > 0 ? "\n" : "") + account.name + ":") }
        StandardOutput.write(survey.table(of: folders).joined(separator: "\n"))
      } catch {
        program.log(account: account.name).error("\(error.text)")
        status = max(status, ExitStatus(error))
      }
      await survey.close()
    }
    return status
  }
}
