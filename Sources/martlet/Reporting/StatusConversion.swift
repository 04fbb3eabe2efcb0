import Control
import Engine
import Mail
import Ports
import Reconciliation

extension AccountStatus {
  /// More of them say no more.
  private static let problemsShown = 50

  /// `retryAt` is in seconds since 1970, and counts in the phase that waits.
  init(_ snapshot: AccountSnapshot, retryAt: Int64?) {
    self.init(
      name: snapshot.name, local: printable(snapshot.stores.near), remote: printable(snapshot.stores.far),
      state: State(snapshot.phase), lastSync: snapshot.lastSync.map(Timestamp.text),
      lastError: snapshot.lastError.map { printable($0) }, folders: snapshot.folders.map { FolderStatus($0) })
    problems = snapshot.problems.prefix(Self.problemsShown).map { SyncProblem($0) }
    if case .waiting(_, let kind, _) = snapshot.phase {
      cause = kind.cause
      self.retryAt = retryAt.map(Timestamp.text)
    }
  }
}

extension AccountStatus.State {
  init(_ phase: AccountPhase) {
    switch phase {
    case .stopped: self = .stopped
    case .connecting: self = .connecting
    case .syncing: self = .syncing
    case .watching: self = .watching
    case .waiting: self = .waiting
    }
  }
}

extension FolderStatus {
  init(_ folder: AccountSnapshot.Folder) {
    self.init(
      name: printable("\(folder.names.far)"), localName: printable("\(folder.names.near)"),
      watch: folder.watch.far?.rawValue, localWatch: folder.watch.near?.rawValue,
      localWatchFailure: folder.watchFailures.near.map { printable($0) }, messages: folder.messages,
      lastSync: folder.lastSync.map(Timestamp.text), busy: folder.isBusy,
      lastError: folder.lastError.map { printable($0) }, setAside: folder.setAside.map { SetAsideStatus($0) },
      held: folder.held.map { HeldDeletions($0) })
  }
}

extension SetAsideStatus {
  init(_ entry: SetAside) {
    self.init(
      side: SideName(entry.side), message: "\(entry.key)", reason: printable(entry.reason), attempts: entry.attempts,
      retryAt: Timestamp.text(entry.retryAt))
  }
}
