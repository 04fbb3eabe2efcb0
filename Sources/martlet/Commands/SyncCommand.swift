import ArgumentParser
import Configuration
import Control
import Ports

/// One complete pass, made by the daemon where one runs.
struct SyncCommand: ProgramCommand {
  static let configuration = CommandConfiguration(
    commandName: "sync", abstract: "Makes one complete pass over all or the named accounts and folders.",
    discussion: """
      A running daemon makes the pass and this command reports it. FOLDER is the remote name. Results are on standard \
      output; what could not be synced is named on standard error.
      """)

  static let isConfined = true

  @Argument(
    help: ArgumentHelp("What to sync; everything where nothing is named.", valueName: "account[:folder]"),
    transform: AccountTarget.named)
  var targets: [AccountTarget] = []

  @Flag(help: "Print the plan, one line a step, and change nothing.")
  var dryRun = false

  @Flag(help: "Print a machine-readable report.")
  var json = false

  @Flag(help: "Lift the brake on mass deletion for this pass.")
  var allowDeletions = false

  @OptionGroup var common: CommonOptions

  @Loop
  func perform(_ program: ProgramContext) async -> ExitStatus {
    guard let configuration = program.loadConfiguration() else { return .configuration }
    let named = AccountSelection.merged(targets)
    guard let accounts = AccountChoice(configuration, program).choose(named.map(\.name)) else { return .usage }
    let selections = named.isEmpty ? accounts.map { AccountSelection(name: $0.name, folders: nil) } : named
    let display = ProgressDisplay(program.errors, clock: program.clock, isQuiet: common.quiet)
    let request = SyncRequest(
      accounts: selections.map { .init(name: $0.name, folders: $0.folders?.sorted().map { "\($0)" }) },
      allowDeletions: allowDeletions, dryRun: dryRun)
    let sync = SyncRun(program: program, configuration: configuration, request: request, display: display)
    let report = await sync.run()
    display.clear()
    guard !Task.isCancelled else { return .incomplete }
    return SyncPrinter(program: program, accounts: accounts, isJSON: json).print(report)
  }
}
