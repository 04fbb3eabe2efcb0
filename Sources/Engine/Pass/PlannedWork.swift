package import Mail
package import Reconciliation

/// What a dry run would do of one kind in one folder.
package struct PlannedWork: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable {
    /// Makes the folder on `side`.
    case create
    /// Removes the folder from `side`, with its messages if it has any left.
    case remove
    /// Brings messages to `side` that are new on the other.
    case copy
    /// Changes flags on `side` as they were changed on the other.
    case flag
    /// Deletes messages on `side` because they are gone on the other.
    case delete
    /// Takes two messages for the same that the base does not know; told of the near side, counted once.
    case match
    /// Matches the folder's messages anew, because the numbers of `side` mean nothing any more; not counted.
    case renumber
    /// Forgets pairs that are gone on both sides; told of the near side, counted once.
    case forget
  }

  /// The remote name.
  package let folder: FolderName
  package let side: Side
  package let kind: Kind
  package let count: Int

  package init(folder: FolderName, side: Side, kind: Kind, count: Int) {
    self.folder = folder
    self.side = side
    self.kind = kind
    self.count = count
  }

  /// Of a folder's plan, without what there is none of.
  static func of(_ plan: FolderPlan, matched: Int, in folder: FolderName) -> [PlannedWork] {
    var work: [PlannedWork] = []
    func add(_ kind: Kind, _ side: Side, _ count: Int) {
      if count > 0 { work.append(PlannedWork(folder: folder, side: side, kind: kind, count: count)) }
    }
    for side in Side.allCases {
      add(.copy, side, plan.arrivals[side.other].count)
      add(.flag, side, plan.updates[side].count)
      add(.delete, side, plan.deletions[side].count)
    }
    add(.match, .near, matched)
    add(.forget, .near, plan.forgotten.count)
    return work
  }
}
