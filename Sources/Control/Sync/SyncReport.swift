/// What `martlet sync --json` prints, and what the daemon answers at the end of a sync. As stable as `StatusReport`.
package struct SyncReport: Hashable, Sendable, Codable {
  package var version = ControlWire.version
  package var dryRun: Bool
  /// What the command ends with: the highest of the accounts'.
  package var exitCode: Int32
  package var accounts: [AccountSyncReport]
  /// Accounts that the daemon was asked for and does not run.
  package var notRunHere: [String]?

  package init(dryRun: Bool, accounts: [AccountSyncReport], notRunHere: [String]? = nil) {
    self.dryRun = dryRun
    exitCode = accounts.map(\.exitCode).max() ?? 0
    self.accounts = accounts
    self.notRunHere = notRunHere
  }
}

package struct AccountSyncReport: Hashable, Sendable, Codable {
  package var name: String
  package var exitCode: Int32
  package var seconds: Double
  /// What was done to each side.
  package var local: SideCounts
  package var remote: SideCounts
  package var foldersSynced: Int
  package var foldersCreated: [FolderOnSide]
  package var foldersRemoved: [FolderOnSide]
  package var problems: [SyncProblem]
  package var held: [HeldDeletions]
  /// The steps of a dry run, one line each.
  package var plan: [String]
  /// The same, counted by folder and kind.
  package var planned: [PlannedSteps]?
  /// Folders that were named and are not there.
  package var unknownFolders: [String]
  /// Why the pass did not come to its end; left out where it did.
  package var error: String?

  package init(name: String, seconds: Double) {
    self.name = name
    self.seconds = seconds
    exitCode = 0
    local = SideCounts()
    remote = SideCounts()
    foldersSynced = 0
    foldersCreated = []
    foldersRemoved = []
    problems = []
    held = []
    plan = []
    unknownFolders = []
  }
}

package struct SideCounts: Hashable, Sendable, Codable {
  package var delivered = 0
  package var copied = 0
  package var moved = 0
  package var flagged = 0
  package var deleted = 0
  package var bytes = 0

  package init() {}
}

package struct FolderOnSide: Hashable, Sendable, Codable {
  package let side: SideName
  package let name: String

  package init(side: SideName, name: String) {
    self.side = side
    self.name = name
  }
}

/// Something that could not be synced, and why (law L11). Left out: the folder where it is the account, the message
/// where it is the folder.
package struct SyncProblem: Hashable, Sendable, Codable {
  package let folder: String?
  package let message: String?
  package let reason: String

  package init(folder: String?, message: String?, reason: String) {
    self.folder = folder
    self.message = message
    self.reason = reason
  }
}

/// What a dry run would do of one kind in one folder.
package struct PlannedSteps: Hashable, Sendable, Codable {
  /// The remote name.
  package let folder: String
  /// The side that it is done to.
  package let side: SideName
  /// `create`, `remove`, `copy`, `flag`, `delete`, `match`, `renumber` or `forget`.
  package let kind: String
  package let count: Int

  package init(folder: String, side: SideName, kind: String, count: Int) {
    self.folder = folder
    self.side = side
    self.kind = kind
    self.count = count
  }
}
