import Mail
import Ports
import Reconciliation

/// Finds out which folders take part, and makes on either side what is missing there.
@Loop
struct FolderDiscovery {
  let context: AccountContext
  let options: PassOptions
  /// Remote names; nothing is made or forgotten beside these. Nil for all.
  var names: Set<FolderName>?

  /// The folders as they are after the discovery.
  struct Finding {
    /// INBOX first.
    var folders: [SyncedFolder] = []
    /// What each listing told of a folder's state.
    var checkpoints: [FolderID: Sides<Checkpoint?>] = [:]
    /// In a dry run, on which side a folder would have to be made first.
    var missing: [FolderID: Side] = [:]
    /// Folders that the other side has not, and that could not be made there or were not asked for, by the side that has
    /// them.
    fileprivate var lone = Sides<Set<FolderName>>(near: [], far: [])
    /// Known folders that one side no longer has.
    var vanished: [(folder: SyncedFolder, remaining: Side)] = []
    var report = PassReport()
    /// How many folders a dry run looks at without recording them.
    fileprivate var unrecorded = 0
    /// Also of those that one side no longer has: whoever names one means something.
    fileprivate(set) var knownFarNames: [FolderName] = []
  }

  func run() async throws(StoreError) -> Finding {
    let listings = Sides(near: try await list(.near), far: try await list(.far))
    let recorded = try context.withLedger { ledger throws(LedgerError) in try ledger.folders() }
    // A remote folder that the base knows and that is gone keeps its claim on its local name.
    let remote = Set(listings.far.keys).union(recorded.map(\.names.far))
    let rows = takingPart(recorded, remote)
    let plan = reconcileFolders(
      base: Set(rows.keys), near: partners(listings.near, context.mapping.farName, remote),
      far: partners(listings.far, context.mapping.nearName, remote))
    var finding = Finding()
    finding.knownFarNames = (plan.present.map(\.names) + plan.vanished.map(\.names)).map(\.far)
    reportConflicts(listings.far, remote, &finding.report)
    if names == nil { reportLeftOut(remote, &finding.report) }
    for present in plan.present {
      let isAsked = isWanted(present.names) || rows[present.names] != nil && present.missing == nil
      guard isAsked, try await make(present, &finding.report) else {
        if let missing = present.missing { finding.lone[missing.other].insert(present.names[missing.other]) }
        continue
      }
      try await endOtherPairs(of: present.names, recorded)
      let folder = try adopt(present.names, rows, &finding)
      finding.folders.append(folder)
      if options.isDryRun { finding.missing[folder.id] = present.missing }
      let listed = Sides(
        near: listings.near[present.names.near]?.checkpoint, far: listings.far[present.names.far]?.checkpoint)
      finding.checkpoints[folder.id] = listed
      folder.knownNumbers = Set(Side.allCases.filter { hasKnownNumbers(folder, $0, listed[$0]) })
      for side in Side.allCases { folder.checkNumbering(listed[side], on: side) }
    }
    for vanished in plan.vanished {
      let (folder, remaining) = (try adopt(vanished.names, rows, &finding), vanished.remaining)
      // Of the other side nothing is known: a listing that leaves it out may be wrong.
      let listed = listings[remaining][vanished.names[remaining]]?.checkpoint
      folder.knownNumbers = hasKnownNumbers(folder, remaining, listed) ? [remaining] : []
      finding.vanished.append((folder, remaining))
      finding.lone[remaining].insert(vanished.names[remaining])
    }
    if !options.isDryRun {
      tellLone(finding)
      for names in plan.forgotten where isWanted(names) {
        guard let row = rows[names], try await isGone(names) else { continue }
        try await context.forgetUnderLock(row.id)
      }
    }
    return finding
  }

  private func tellLone(_ finding: Finding) {
    for side in Side.allCases {
      // Where only some are asked for, nothing is known of the others.
      let others =
        names == nil ? [] : context.loneFolders.names(on: side).subtracting(finding.folders.map(\.names[side]))
      context.loneFolders.set(finding.lone[side].union(others), on: side)
    }
  }

  /// On both sides, and sure of it: without its base, what is left on one side would be brought over once more (law L3).
  private func isGone(_ names: Sides<FolderName>) async throws(StoreError) -> Bool {
    do {
      for side in Side.allCases {
        guard try await context.isGone(names[side], on: side) else { return false }
      }
      return true
    } catch {
      guard error.scope < .account else { throw error }
      return false
    }
  }

  private func isWanted(_ folder: Sides<FolderName>) -> Bool { names?.contains(folder.far) ?? true }

  /// A folder that takes part and cannot, because its place is another's, is not in sync (law L11).
  private func reportConflicts(
    _ listing: [FolderName: FolderEntry], _ remote: Set<FolderName>, _ report: inout PassReport
  ) {
    for name in listing.keys.sorted() where names?.contains(name) ?? true {
      guard let reason = context.mapping.conflict(name, remote) else { continue }
      report.problems.append(.init(folder: name, reason: reason))
    }
  }

  /// So is what the rules would let take part, and is no folder that can.
  private func reportLeftOut(_ remote: Set<FolderName>, _ report: inout PassReport) {
    for side in Side.allCases {
      let rule = side == .near ? context.mapping.farName : context.mapping.nearName
      for (place, reason) in context.stores[side].leftOut.sorted(by: { $0.key < $1.key }) {
        if let name = FolderName(place), rule(name, remote) == nil { continue }
        let what = place.isEmpty ? "what lies in the \(side) root" : "the \(side) \(printable(place))"
        report.problems.append(.init(folder: nil, reason: "\(what) is left out: \(reason)"))
      }
    }
  }

  private func hasKnownNumbers(_ folder: SyncedFolder, _ side: Side, _ listed: Checkpoint?) -> Bool {
    context.stores[side].isLocal || folder.numbersOn(as: listed, on: side)
  }

  private func list(_ side: Side) async throws(StoreError) -> [FolderName: FolderEntry] {
    let entries = try await context.stores[side].folders()
    return Dictionary(
      entries.filter(\.holdsMessages).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Each listed folder that takes part, with its name on the other side.
  private func partners(
    _ listing: [FolderName: FolderEntry], _ rule: FolderMapping.Rule, _ remote: Set<FolderName>
  ) -> [FolderName: FolderName] {
    Dictionary(uniqueKeysWithValues: listing.keys.compactMap { name in rule(name, remote).map { (name, $0) } })
  }

  /// The base's folders. One that the rules leave out now stays in the ledger, untouched: to be left out is not to be
  /// deleted (law L8).
  private func takingPart(
    _ rows: [LedgerFolder], _ remote: Set<FolderName>
  ) -> [Sides<FolderName>: LedgerFolder] {
    Dictionary(
      rows.filter { context.mapping.nearName($0.names.far, remote) == $0.names.near }.map { ($0.names, $0) },
      uniquingKeysWith: { first, _ in first })
  }

  /// False where the folder is missing on one side and cannot be made there. A dry run goes on as if it had been.
  private func make(
    _ present: FolderTreePlan.Present, _ report: inout PassReport
  ) async throws(StoreError) -> Bool {
    guard let side = present.missing else { return true }
    let name = present.names[side]
    if options.isDryRun {
      report.plan.append("create \(side) folder \(printable("\(name)"))")
      report.planned.append(PlannedWork(folder: present.names.far, side: side, kind: .create, count: 1))
      return true
    }
    do {
      try await context.stores[side].createFolder(name)
    } catch {
      guard error.scope < .account else { throw error }
      report.note(error, of: present.names.far)
      return false
    }
    report.foldersCreated[side].append(name)
    return true
  }

  /// The rules may have given a folder another partner than it had. What the base knows of the old pair says nothing of
  /// the new one, whose messages are matched by identity; what the old partner holds stays where it is (law L8).
  private func endOtherPairs(
    of names: Sides<FolderName>, _ recorded: [LedgerFolder]
  ) async throws(StoreError) {
    guard !options.isDryRun else { return }
    for row in recorded where row.names != names {
      guard row.names.near == names.near || row.names.far == names.far else { continue }
      try await context.forgetUnderLock(row.id)
    }
  }

  /// A base that lost all its pairs, and not what vouches for the sides: believed, only what comes new would be seen, and
  /// on the other side everything be new (law L3).
  private func hasLostPairs(_ row: LedgerFolder) throws(StoreError) -> Bool {
    guard case .imap(let known)? = row.checkpoints.far, known.messageCount > 0 else { return false }
    return try context.withLedger { ledger throws(LedgerError) in
      guard try ledger.pairCount(in: row.id) == 0 else { return false }
      return try ledger.setAside(in: row.id).isEmpty
    }
  }

  private func adopt(
    _ names: Sides<FolderName>, _ rows: [Sides<FolderName>: LedgerFolder], _ finding: inout Finding
  ) throws(StoreError) -> SyncedFolder {
    if let row = rows[names] {
      if let folder = context.folders[row.id] { return folder }
      let folder = SyncedFolder(row)
      if try hasLostPairs(row) {
        for side in Side.allCases { folder.checkpoints[side] = folder.checkpoints[side]?.void }
        // Else each process would find the same: what a look at an empty mailbox tells may be no more than this.
        if !options.isDryRun {
          try context.commit(Side.allCases.map { .setCheckpoint(folder.id, $0, folder.checkpoints[$0]) })
        }
      }
      for side in Side.allCases { try BrakeMemory(context: context, folder: folder, side: side).recall() }
      try StoreAge.recall(folder, context)
      try HeldMemory.recall(folder, in: context)
      context.folders.insert(folder)
      return folder
    }
    if options.isDryRun {
      finding.unrecorded += 1
      return SyncedFolder.unrecorded(names, number: finding.unrecorded)
    }
    let row = try context.withLedger { ledger throws(LedgerError) in try ledger.addFolder(names) }
    let folder = SyncedFolder(row)
    context.folders.insert(folder)
    return folder
  }
}

extension SyncedFolder {
  /// A folder that a dry run looks at without recording it; its id is its own, and no row's.
  static func unrecorded(_ names: Sides<FolderName>, number: Int) -> SyncedFolder {
    SyncedFolder(
      LedgerFolder(
        id: FolderID(rawValue: -Int64(number)), names: names, checkpoints: Sides(near: nil, far: nil), lastPass: nil))
  }
}
