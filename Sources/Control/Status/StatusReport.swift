/// What `martlet status --json` prints and the control socket carries. Names are stable: keys may be added, none
/// changes its meaning. A key whose value is not known is left out. Times are ISO 8601 in UTC.
package struct StatusReport: Hashable, Sendable, Codable {
  package var version = ControlWire.version
  /// Left out where none runs, and all else is what the ledgers know.
  package var daemon: DaemonStatus?
  package var accounts: [AccountStatus]

  package init(daemon: DaemonStatus?, accounts: [AccountStatus]) {
    self.daemon = daemon
    self.accounts = accounts
  }
}

package struct DaemonStatus: Hashable, Sendable, Codable {
  package let pid: Int32
  /// Of the program.
  package let release: String
  package let startedAt: String

  package init(pid: Int32, release: String, startedAt: String) {
    self.pid = pid
    self.release = release
    self.startedAt = startedAt
  }
}

package struct AccountStatus: Hashable, Sendable, Codable {
  package enum State: String, Hashable, Sendable, Codable, CaseIterable {
    case stopped, connecting, syncing, watching
    /// It could not go on, because of `cause`, and is tried again at `retryAt`.
    case waiting
    /// No daemon runs the account.
    case offline
  }

  package var name: String
  /// What each side is: a path, or a server.
  package var local: String
  package var remote: String
  package var state: State
  /// Why it waits, in the few words that martlet(1) lists; left out where it does not.
  package var cause: String?
  /// The process that has the account and could not be asked; only where no daemon runs the account.
  package var heldBy: Int32?
  /// Left out also where it is not known.
  package var retryAt: String?
  /// The last time that a pass over everything or one of `folders` ended well.
  package var lastSync: String?
  package var lastError: String?
  /// What the last pass over everything could not sync and is in none of `folders`; the first of many.
  package var problems: [SyncProblem] = []
  /// How far the pass is that runs; left out where none does.
  package var progress: SyncProgress?
  /// Folders that are being synced or wait for it.
  package var queue: Int
  package var folders: [FolderStatus]

  package init(
    name: String, local: String, remote: String, state: State, cause: String? = nil, retryAt: String? = nil,
    lastSync: String? = nil, lastError: String? = nil, folders: [FolderStatus] = []
  ) {
    self.name = name
    self.local = local
    self.remote = remote
    self.state = state
    self.cause = cause
    self.retryAt = retryAt
    self.lastSync = lastSync
    self.lastError = lastError
    queue = folders.count { $0.busy }
    self.folders = folders
  }
}
