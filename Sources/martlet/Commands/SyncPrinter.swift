import Configuration
import Control
import Logging
import Ports

/// Prints a sync's report: results on standard output, what could not be synced on standard error.
@Loop
struct SyncPrinter {
  let program: ProgramContext
  let accounts: [AccountConfiguration]
  let isJSON: Bool

  func print(_ report: SyncReport) -> ExitStatus {
    for account in report.accounts { tellFailures(of: account) }
    if isJSON {
      do {
        StandardOutput.write(try ControlWire.printed(report))
      } catch {
        program.log.error("\(error.text)")
        return .software
      }
    } else {
      for account in report.accounts {
        if report.dryRun {
          for step in account.plan { StandardOutput.write("\(account.name): \(step)") }
        } else if !program.options.quiet {
          StandardOutput.write(SyncSummary.line(account))
        }
      }
      if report.dryRun {
        for account in report.accounts { program.log.notice("\(SyncSummary.planLine(account))") }
      }
    }
    return ExitStatus(rawValue: report.exitCode) ?? .software
  }

  private func tellFailures(of account: AccountSyncReport) {
    let log = program.log(account: account.name)
    let rules = accounts.first { $0.name == account.name }?.folders
    for folder in account.unknownFolders {
      log.error("\(SyncSummary.unknown(folder, rules))", metadata: ["folder": "\(folder)"])
    }
    for problem in account.problems {
      var metadata: Logger.Metadata = [:]
      if let folder = problem.folder { metadata["folder"] = "\(folder)" }
      log.error("\(problem.message.map { $0 + ": " } ?? "")\(problem.reason)", metadata: metadata)
    }
    for held in account.held {
      log.error("\(SyncSummary.brake(held, account: account.name))", metadata: ["folder": "\(held.folder)"])
    }
    if let error = account.error { log.error("\(error)") }
  }
}
