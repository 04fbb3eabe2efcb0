package import Mail

/// What has to be done about folders themselves, before and after their messages.
package struct FolderTreePlan: Equatable, Sendable {
  /// Folders that both sides have, or will have once the missing one is made.
  package struct Present: Hashable, Sendable {
    package let names: Sides<FolderName>
    /// The side on which it must be made first.
    package let missing: Side?

    package init(names: Sides<FolderName>, missing: Side?) {
      self.names = names
      self.missing = missing
    }
  }

  /// A folder that the base knows and one side no longer has.
  package struct Vanished: Hashable, Sendable {
    package let names: Sides<FolderName>
    /// The side that still has it.
    package let remaining: Side

    package init(names: Sides<FolderName>, remaining: Side) {
      self.names = names
      self.remaining = remaining
    }
  }

  package var present: [Present] = []
  package var vanished: [Vanished] = []
  /// Gone on both sides: only the base still knows them.
  package var forgotten: [Sides<FolderName>] = []

  package init() {}
}

/// `near` and `far` are complete listings, already filtered and mapped: each name stands for its partner on the other
/// side. `base` are the folder pairs that were in sync before.
package func reconcileFolders(
  base: Set<Sides<FolderName>>, near: [FolderName: FolderName], far: [FolderName: FolderName]
) -> FolderTreePlan {
  var plan = FolderTreePlan()
  var all = base
  for (near, far) in near { all.insert(Sides(near: near, far: far)) }
  for (far, near) in far { all.insert(Sides(near: near, far: far)) }
  for names in all.sorted(by: inSyncOrder) {
    switch (near[names.near] != nil, far[names.far] != nil, base.contains(names)) {
    case (true, true, _): plan.present.append(.init(names: names, missing: nil))
    case (true, false, false): plan.present.append(.init(names: names, missing: .far))
    case (false, true, false): plan.present.append(.init(names: names, missing: .near))
    case (true, false, true): plan.vanished.append(.init(names: names, remaining: .near))
    case (false, true, true): plan.vanished.append(.init(names: names, remaining: .far))
    case (false, false, _): plan.forgotten.append(names)
    }
  }
  return plan
}

/// INBOX first, then by name, parents before children: a person can read within seconds.
private func inSyncOrder(_ left: Sides<FolderName>, _ right: Sides<FolderName>) -> Bool {
  if left.far.isInbox != right.far.isInbox { return left.far.isInbox }
  return left.far == right.far ? left.near < right.near : left.far < right.far
}
