package import Mail
import Ports
package import Reconciliation

/// What a pass did, and what it could not do.
package struct PassReport: Equatable, Sendable {
  /// Each side's count is of what was done *to* that side.
  package struct Counts: Equatable, Sendable {
    package var delivered = 0
    package var copied = 0
    package var moved = 0
    package var flagged = 0
    package var deleted = 0
    package var bytes = 0

    package init() {}

    package var isEmpty: Bool { self == Counts() }

    package static func += (left: inout Counts, right: Counts) {
      left.delivered += right.delivered
      left.copied += right.copied
      left.moved += right.moved
      left.flagged += right.flagged
      left.deleted += right.deleted
      left.bytes = left.bytes.addingClamped(right.bytes)
    }
  }

  /// Something that could not be synced, named with its reason (law L11).
  package struct Problem: Hashable, Sendable {
    package let folder: FolderName?
    package let message: String?
    package let reason: String

    package init(folder: FolderName?, message: String? = nil, reason: String) {
      self.folder = folder
      self.message = message
      self.reason = reason
    }
  }

  /// A folder in which the brake held deletions back (law L9).
  package struct Held: Hashable, Sendable {
    package let folder: FolderName
    /// The side on which messages would have been deleted.
    package let side: Side
    /// How many messages go, those among them that went in the moment before, and the folder's size with these.
    package let deletions: Int
    package let total: Int
    /// How many went before.
    package let deleted: Int
    /// True where the whole folder vanished on the other side.
    package let wholeFolder: Bool
    /// Where it is too much for the account as a whole.
    package let account: AccountBrake.Hold?

    package init(
      folder: FolderName, side: Side, deletions: Int, total: Int, deleted: Int = 0, wholeFolder: Bool = false,
      account: AccountBrake.Hold? = nil
    ) {
      self.folder = folder
      self.side = side
      self.deletions = deletions
      self.total = total
      self.deleted = deleted
      self.wholeFolder = wholeFolder
      self.account = account
    }
  }

  package var counts = Sides<Counts>(near: Counts(), far: Counts())
  package var foldersSynced: Set<FolderID> = []
  package var foldersCreated = Sides<[FolderName]>(near: [], far: [])
  package var foldersRemoved = Sides<[FolderName]>(near: [], far: [])
  package var problems: [Problem] = []
  /// A folder could not be made or removed, or messages are kept for the sake of one that was not, for a reason that may
  /// pass.
  package var hasFoldersLeft = false
  /// Sides with messages that changed while they were read: what was seen of them is not settled.
  package var unread: Set<Side> = []
  package var held: [Held] = []
  /// The steps of a dry run, one line each.
  package var plan: [String] = []
  /// The same, counted by folder and kind.
  package var planned: [PlannedWork] = []

  package init() {}

  /// True where something was changed on either side.
  package var didChange: Bool {
    !counts.near.isEmpty || !counts.far.isEmpty
      || Side.allCases.contains {
        !foldersCreated[$0].isEmpty || !foldersRemoved[$0].isEmpty
      }
  }

  package var isClean: Bool { problems.isEmpty && held.isEmpty }

  /// Names a folder that could not be made or removed, and why.
  mutating func note(_ error: StoreError, of folder: FolderName) {
    problems.append(Problem(folder: folder, reason: error.text))
    // What was refused once is refused until a person changes something; the next poll is soon enough.
    if error.kind != .refused { hasFoldersLeft = true }
  }

  /// What was done, without what is left to do: of that, a later look tells.
  var done: PassReport {
    var done = PassReport()
    (done.counts, done.foldersSynced) = (counts, foldersSynced)
    (done.foldersCreated, done.foldersRemoved) = (foldersCreated, foldersRemoved)
    return done
  }

  package mutating func merge(_ other: PassReport) {
    for side in Side.allCases {
      counts[side] += other.counts[side]
      foldersCreated[side] += other.foldersCreated[side]
      foldersRemoved[side] += other.foldersRemoved[side]
    }
    foldersSynced.formUnion(other.foldersSynced)
    if problems.isEmpty || other.problems.isEmpty {
      problems += other.problems
    } else {
      // A second look at a folder names again what it did not settle.
      let named = Set(problems)
      problems += other.problems.filter { !named.contains($0) }
    }
    hasFoldersLeft = hasFoldersLeft || other.hasFoldersLeft
    unread.formUnion(other.unread)
    held.removeAll { old in other.held.contains { $0.folder == old.folder && $0.side == old.side } }
    held += other.held
    plan += other.plan
    planned += other.planned
  }
}
