import Configuration
import Control
import Mail
import Ports

/// Both sides against the ledger, by a dry run that takes nothing for granted: what the next sync would do, and why.
@Loop
struct ComparisonCheckup {
  private let checkup: AccountCheckup
  private let configuration: Configuration

  init(_ checkup: AccountCheckup, _ configuration: Configuration) {
    self.checkup = checkup
    self.configuration = configuration
  }

  func run() async {
    let name = checkup.account.name
    let request = SyncRequest(
      accounts: [.init(name: name, folders: nil)], allowDeletions: false, dryRun: true, thorough: true)
    let display = ProgressDisplay(checkup.program.errors, clock: checkup.program.clock, isQuiet: true)
    let report = await SyncRun(
      program: checkup.program, configuration: configuration, request: request, display: display
    ).run()
    display.clear()
    guard let account = report.accounts.first(where: { $0.name == name }) else { return }
    let findings = Self.findings(account, known: checkup.ledger?.setAside.map(\.message) ?? [])
    if findings.isEmpty { checkup.report.fine.append("both sides and the ledger agree") }
    checkup.report.findings += findings
  }

  /// `known` are messages set aside, which are told already.
  nonisolated static func findings(_ account: AccountSyncReport, known: [SetAsideStatus]) -> [DoctorFinding] {
    var findings: [DoctorFinding] = []
    if let error = account.error {
      findings.append(failure(of: account.name, error, ExitStatus(rawValue: account.exitCode) ?? .software))
    }
    for held in account.held {
      findings.append(.problem(.brake, held.folder, SyncSummary.brake(held, account: account.name), nil))
    }
    for steps in account.planned ?? [] where !isHeld(steps, account.held) {
      findings.append(finding(steps, account.name))
    }
    let told = Set(
      known.map { SyncProblem(folder: nil, message: "\($0.side.rawValue) \($0.message)", reason: $0.reason) })
    for problem in account.problems {
      guard !told.contains(SyncProblem(folder: nil, message: problem.message, reason: problem.reason)) else { continue }
      let subject = [problem.folder, problem.message].compactMap { $0 }.joined(separator: " ")
      findings.append(.problem(.sync, subject.isEmpty ? account.name : subject, problem.reason, nil))
    }
    return findings
  }

  /// Of an account whose sides cannot be looked at.
  nonisolated static func failure(of account: String, _ reason: String, _ status: ExitStatus) -> DoctorFinding {
    let isServer = status == .unavailable || status == .noPermission
    return .problem(
      isServer ? .server : .sync, account, "the sides cannot be compared: \(printable(reason))",
      isServer ? "\(Release.name) check \(SyncSummary.argument(account)) tries it again" : nil)
  }

  private nonisolated static func isHeld(_ steps: PlannedSteps, _ held: [HeldDeletions]) -> Bool {
    steps.kind == "delete" && held.contains { $0.folder == steps.folder && $0.side == steps.side }
  }

  private nonisolated static func finding(_ steps: PlannedSteps, _ account: String) -> DoctorFinding {
    let here = steps.side.rawValue
    let there = steps.side == .local ? SideName.remote.rawValue : SideName.local.rawValue
    let (messages, are) = (counted(steps.count, "message"), steps.count == 1 ? "is" : "are")
    let inspect = "\(Release.name) sync --dry-run \(SyncSummary.argument("\(account):\(steps.folder)")) lists them"
    switch steps.kind {
    case "delete":
      return .problem(
        .outOfSync, steps.folder,
        "\(messages) \(are) gone on the \(there) side; the next sync deletes what the \(here) side has of them",
        "\(inspect); if that is not meant, put them back before it")
    case "remove":
      return .problem(
        .outOfSync, steps.folder,
        "the folder is gone on the \(there) side; the next sync removes it from the \(here) side", nil)
    case "create":
      return .note(.outOfSync, steps.folder, "the next sync makes the folder on the \(here) side")
    case "copy":
      return .note(
        .outOfSync, steps.folder, "\(messages) new on the \(there) side; the next sync brings them to the \(here) side")
    case "flag":
      return .note(
        .outOfSync, steps.folder,
        "\(messages) \(are) marked otherwise on the \(there) side; the next sync marks them on the \(here) side")
    case "match":
      return .note(
        .outOfSync, steps.folder,
        "\(messages) \(are) on both sides and not in the ledger; the next sync enters them, and transfers nothing")
    case "forget":
      return .note(.outOfSync, steps.folder, "\(messages) \(are) gone on both sides; the next sync forgets them")
    default:
      return .note(
        .outOfSync, steps.folder,
        "its UIDVALIDITY is another: the next sync matches all messages anew, and deletes nothing for it")
    }
  }
}
