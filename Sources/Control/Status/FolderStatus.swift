/// A folder pair's part of the status.
package struct FolderStatus: Hashable, Sendable, Codable {
  /// The most that a status lists of the messages set aside; their number is told whole.
  package static let setAsideListMax = 20

  /// The remote name, as the configuration writes it.
  package var name: String
  package var localName: String
  /// How the remote side is watched: `NOTIFY`, `IDLE` or `poll`; left out where it is not.
  package var watch: String?
  /// The same for the local side: `inotify` or `poll`.
  package var localWatch: String?
  /// Why it is polled, where it could be watched.
  package var localWatchFailure: String?
  /// Messages that are in sync.
  package var messages: Int
  package var lastSync: String?
  package var busy: Bool
  package var lastError: String?
  package var setAsideCount: Int
  package var setAside: [SetAsideStatus]
  /// What the brake holds back.
  package var held: [HeldDeletions]

  package init(
    name: String, localName: String, watch: String? = nil, localWatch: String? = nil,
    localWatchFailure: String? = nil, messages: Int, lastSync: String? = nil, busy: Bool = false,
    lastError: String? = nil, setAside: [SetAsideStatus] = [],
    held: [HeldDeletions] = []
  ) {
    self.name = name
    self.localName = localName
    self.watch = watch
    self.localWatch = localWatch
    self.localWatchFailure = localWatchFailure
    self.messages = messages
    self.lastSync = lastSync
    self.busy = busy
    self.lastError = lastError
    setAsideCount = setAside.count
    self.setAside = Array(setAside.prefix(Self.setAsideListMax))
    self.held = held
  }
}

/// A message that could not be synced, and waits for another try.
package struct SetAsideStatus: Hashable, Sendable, Codable {
  package let side: SideName
  package let message: String
  package let reason: String
  package let attempts: Int
  package let retryAt: String

  package init(side: SideName, message: String, reason: String, attempts: Int, retryAt: String) {
    self.side = side
    self.message = message
    self.reason = reason
    self.attempts = attempts
    self.retryAt = retryAt
  }
}

package enum SideName: String, Hashable, Sendable, Codable { case local, remote }

/// Deletions that wait for a person's consent (law L9).
package struct HeldDeletions: Hashable, Sendable, Codable {
  package let folder: String
  /// Where the messages would be deleted.
  package let side: SideName
  package let deletions: Int
  /// How many messages the folder has there, those among them that are gone by now included.
  package let total: Int
  /// True where the folder itself is gone on the other side.
  package let wholeFolder: Bool
  /// Where it is the account as a whole from which too much would go: how many messages on that side, of how many.
  package let accountDeletions: Int?
  package let accountTotal: Int?
  /// How many of them were deleted there in the moment before; nil where none was.
  package let deleted: Int?

  package init(
    folder: String, side: SideName, deletions: Int, total: Int, wholeFolder: Bool, accountDeletions: Int? = nil,
    accountTotal: Int? = nil, deleted: Int? = nil
  ) {
    self.folder = folder
    self.side = side
    self.deletions = deletions
    self.total = total
    self.wholeFolder = wholeFolder
    self.accountDeletions = accountDeletions
    self.accountTotal = accountTotal
    self.deleted = deleted
  }
}
