import ArgumentParser
import Configuration
import Control
import Logging
import Ports

/// Looks for what is or could go wrong, says it, and mends on request what can be mended without risk to any mail.
struct DoctorCommand: ProgramCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Looks for what is or could go wrong, and mends it on request.",
    discussion: """
      Changes nothing without --fix, and never touches a message. Ends with 0 where nothing is wrong or all was mended, \
      with 1 where something is left, and with 75 where another martlet is in the way of mending it.
      """)

  @Argument(help: ArgumentHelp("Accounts; all where none is named.", valueName: "account"))
  var accounts: [String] = []

  @Flag(help: "Mend what can be mended without risk to any mail.")
  var fix = false

  @Flag(help: "Print a machine-readable report.")
  var json = false

  @OptionGroup var common: CommonOptions

  @Loop
  func perform(_ program: ProgramContext) async -> ExitStatus {
    let checkup = ConfigurationCheckup(program: program, isFixing: fix)
    guard let configuration = checkup.load() else { return .configuration }
    guard let accounts = AccountChoice(configuration, program).choose(accounts) else { return .usage }
    let doctor = Doctor(program: program, configuration: configuration, accounts: accounts, isFixing: fix)
    var report = await doctor.examine()
    report.findings = checkup.findings + report.findings
    report.exitCode = report.status.rawValue
    guard !Task.isCancelled else { return .incomplete }
    do throws(ControlError) {
      StandardOutput.write(json ? try ControlWire.printed(report) : DoctorText.of(report))
    } catch {
      program.log.error("\(error.text)")
      return .software
    }
    return report.status
  }
}
