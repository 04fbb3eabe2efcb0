import Configuration
import Control
import Disk
import Glibc
import Mail
import Ports
import Reactor

/// Examines the accounts one after another, beside a daemon or without one, and what they share.
@Loop
struct Doctor {
  let program: ProgramContext
  let configuration: Configuration
  let accounts: [AccountConfiguration]
  let isFixing: Bool

  func examine() async -> DoctorReport {
    var report = DoctorReport(fix: isFixing)
    let daemon = await daemon(&report)
    report.daemon = daemon.status?.daemon
    report.findings += controlSocketFindings() + stateDirectoryFindings()
    var need = InotifyUse()
    for account in accounts {
      guard !Task.isCancelled else { break }
      let checkup = AccountCheckup(account, program, configuration, isFixing: isFixing, daemon: daemon)
      report.accounts.append(await checkup.run())
      need.watches += checkup.watchCount
      need.instances += checkup.rootCount
    }
    let own = Set([report.daemon?.pid, getpid()].compactMap { $0 })
    let others = await program.sideQueue.run { InotifyUse.ofOthers(than: own) }
    report.findings += WatchCheckup.findings(need: need, others: others, limits: InotifyLimits.current())
    return report
  }

  private func daemon(_ report: inout DoctorReport) async -> DaemonAnswer {
    guard let client = await DaemonConnection.openSoon(program) else { return .none }
    defer { client.close() }
    let socket = printable(program.paths.controlSocket)
    do throws(ControlError) {
      switch try await client.status() {
      case .success(let status): return .status(status)
      case .failure(let refusal):
        report.findings.append(.problem(.daemon, socket, refusal.text, "restart the daemon: it is of another release"))
      }
    } catch {
      report.findings.append(
        .problem(
          .daemon, socket,
          "a daemon listens there and does not answer\(error.kind == .silent ? "" : ": \(error.text)")",
          "look whether it hangs, and restart it"))
    }
    return .silent
  }

  private func controlSocketFindings() -> [DoctorFinding] {
    let path = program.paths.controlSocket
    guard let socket = FilePermissions(of: path), socket.isOpenToOthers else { return [] }
    let finding = DoctorFinding.mendable(
      .permissions, printable(path), "the control socket is open to others (\(socket.modeText))",
      "chmod 600 \(printable(path))")
    return [isFixing ? FilePermissions.shut(finding, at: path) : finding]
  }

  /// Around the accounts' own. Who may only look into it sees their names.
  private func stateDirectoryFindings() -> [DoctorFinding] {
    let path = program.paths.stateDirectory
    guard let directory = FilePermissions(of: path), directory.isOthersToWrite else { return [] }
    let finding = DoctorFinding.mendable(
      .permissions, printable(path), "others may put another ledger in an account's place (\(directory.modeText))",
      "chmod go-w \(printable(path))")
    return [isFixing ? FilePermissions.shut(finding, at: path, taking: 0o022) : finding]
  }
}

/// What became of the question to the daemon.
enum DaemonAnswer {
  /// None listens.
  case none
  case status(StatusReport)
  /// One listens, and says nothing that can be understood: nothing more is asked of it.
  case silent

  var status: StatusReport? { if case .status(let status) = self { status } else { nil } }
}
