import Mail
import Support
import Synchronization

/// The floor, downward. Upward it is bare commands, which `Trial` sends itself.
final class FloorContestant: Contestant {
  let name = LatencyTable.floor
  let watchesMaildir = true
  let likeness = Likeness.exact(but: .keywords)
  private let account: Account
  private let watch = Mutex<FloorWatch?>(nil)

  init(_ account: Account) { self.account = account }

  func start() async throws {
    let (root, folders) = (account.root, account.folders)
    let started = try await FloorWatch.started(on: account.server, as: account.user, folders: folders) {
      try MaildirSink(root: root, folders: folders)
    }
    watch.withLock { $0 = started }
  }

  /// What ended it early is thrown by `stop`.
  func requireRunning() {}

  func stop() async throws { try await watch.withLock { $0.take() }?.stop() }
}
