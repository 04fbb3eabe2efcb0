import Control
import Engine
import Mail
import Ports

/// What the daemon does for those who come to its control socket.
@Loop
final class ControlDesk: ControlService {
  private let accounts: @Loop () -> [DaemonAccount]
  private let outages: @Loop () -> [AccountStatus]
  private let board: StatusBoard
  private let processID: Int32
  private let startedAt = Timestamp.now

  init(
    accounts: @escaping @Loop () -> [DaemonAccount], outages: @escaping @Loop () -> [AccountStatus],
    board: StatusBoard, processID: Int32
  ) {
    self.accounts = accounts
    self.outages = outages
    self.board = board
    self.processID = processID
  }

  func sync(_ request: SyncRequest, tell: @escaping @Loop (SyncProgress) -> Void) async -> Result<SyncReport, Refusal> {
    let running = Dictionary(accounts().map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var folders: [String: Set<FolderName>] = [:]
    for account in request.accounts {
      guard let names = account.folders else { continue }
      var parsed: Set<FolderName> = []
      for name in names {
        guard let folder = FolderName(name) else {
          return .failure(Refusal(exitCode: ExitStatus.usage.rawValue, text: "\"\(printable(name))\" names no folder"))
        }
        parsed.insert(folder)
      }
      folders[account.name] = parsed
    }
    let options = PassOptions(request)
    let reports = await withTaskGroup(of: AccountSyncReport.self) { group in
      for account in request.accounts {
        guard let running = running[account.name] else { continue }
        let names = folders[account.name]
        group.addTask { await running.sync(options, folders: names, tell: tell) }
      }
      var reports: [AccountSyncReport] = []
      for await report in group { reports.append(report) }
      return reports
    }
    let absent = request.accounts.map(\.name).filter { running[$0] == nil }
    return .success(
      SyncReport(
        dryRun: request.dryRun, accounts: reports.sorted { $0.name < $1.name },
        notRunHere: absent.isEmpty ? nil : absent))
  }

  func status() -> StatusReport {
    let all = accounts().map { $0.status() } + outages()
    return StatusReport(
      daemon: DaemonStatus(pid: processID, release: Release.version, startedAt: startedAt),
      accounts: all.sorted { $0.name < $1.name })
  }

  func statusChange(since generation: Int) async -> Int { await board.change(since: generation) }
}
