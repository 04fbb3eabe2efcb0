import Mail
import Ports
import Reconciliation

/// A pass over all folders of an account, or the named ones: discovers them, skips those that both listings prove
/// unchanged, brings the others in line, and removes what is gone on one side.
@Loop
struct FullPass {
  let context: AccountContext
  let options: PassOptions
  /// Remote names; nil for all.
  let names: Set<FolderName>?

  struct Outcome {
    var report = PassReport()
    var failures: [FolderID: StoreError] = [:]
    var folders: [SyncedFolder] = []
    /// Those of them that were asked for.
    var wanted: [FolderID] = []
    /// Named folders that there are not.
    var unknown: Set<FolderName> = []
  }

  /// How often folders may come and go while it looks at them.
  private static let roundsMax = 3

  /// Who asked for it has its answer when all is done that was there to do: folders that came or went during the pass
  /// made it leave every deletion, until these were looked at, too.
  func run() async throws(StoreError) -> Outcome {
    var report = PassReport()
    var round = 1
    while true {
      let changes = context.folderChanges
      var outcome = try await settle(asOf: changes)
      report = report.done
      report.merge(outcome.report)
      let isOvertaken = context.folderChanges != changes && outcome.folders.contains { $0.hasPostponedDeletions }
      guard isOvertaken, !options.isDryRun, round < Self.roundsMax else {
        outcome.report = report
        return outcome
      }
      round += 1
    }
  }

  private func settle(asOf changes: Int) async throws(StoreError) -> Outcome {
    let finding = try await FolderDiscovery(context: context, options: options, names: names).run()
    var outcome = Outcome(report: finding.report, folders: finding.folders)
    if let names { outcome.unknown = names.subtracting(finding.knownFarNames) }
    outcome.wanted = finding.folders.filter(isWanted).map(\.id)
    var requests: [PassRunner.Request] = []
    var unchanged: [SyncedFolder] = []
    for folder in finding.folders where isWanted(folder) {
      if let missing = finding.missing[folder.id] {
        requests.append(.init(folder: folder, scopes: Self.scopes(without: missing)))
      } else if let request = try request(folder, finding.checkpoints[folder.id]) {
        requests.append(request)
      } else {
        unchanged.append(folder)
      }
    }
    if !options.isDryRun { try recordUnchanged(unchanged, &outcome.report) }
    if names != nil { context.hasLookedForStrays = true }
    context.tell(.passStarted(folders: requests.count))
    let runner = PassRunner(context: context, options: options, listing: changes)
    if !options.isDryRun { for request in requests { request.folder.hasPostponedDeletions = false } }
    var passed = try await runner.run(requests)
    // Otherwise all of it is left to the next round.
    if !options.isDryRun, context.folderChanges == changes {
      let there = finding.folders.filter { finding.missing[$0.id] == nil }
      try await finishPostponed(in: there, runner, &passed)
      try await awaitCalm(in: there, runner, &passed)
    }
    if names == nil, !options.isDryRun {
      context.didSeeAllFolders(asOf: changes)
      // A folder whose pass failed may have more to delete, and its brake was not asked.
      if passed.failures.isEmpty, context.hasSeenAllFolders { try AccountBrake(context: context).release(options) }
    }
    outcome.report.merge(passed.report)
    outcome.failures = passed.failures
    try await nameBroken(finding.folders, passed.failures, &outcome.report)
    let present = Set(finding.folders.map(\.id))
    // What is below goes first: a folder with others in it can be removed nowhere.
    for (folder, remaining) in finding.vanished.reversed() where isWanted(folder) {
      let removal = FolderRemoval(context: context, options: options, present: present)
      outcome.report.merge(try await removal.run(folder, remaining: remaining))
    }
    try nameSetAside(in: finding.folders.filter(isWanted), &outcome.report)
    if !options.isDryRun {
      try await purgeLimbo(&outcome.report)
      try await leaveAge(&outcome.report)
    }
    context.tell(.passFinished(outcome.report))
    return outcome
  }

  /// What was found to belong elsewhere leaves something to be done where it was.
  private func finishPostponed(
    in folders: [SyncedFolder], _ runner: PassRunner, _ passed: inout PassRunner.Outcome
  ) async throws(StoreError) {
    let unfinished = folders.filter { $0.hasPostponedDeletions || context.interrupted.contains($0.id) }
    context.interrupted = []
    context.hasLookedForStrays = true
    for folder in unfinished { folder.hasPostponedDeletions = false }
    try await lookAgain(at: unfinished, runner, &passed)
  }

  /// Deletions wait until no more come; then whole folders decide (law L9).
  private func awaitCalm(
    in folders: [SyncedFolder], _ runner: PassRunner, _ passed: inout PassRunner.Outcome
  ) async throws(StoreError) {
    let end = context.clock.now.advanced(by: GatheredDeletions.patience)
    while true {
      let waiting = context.foldersInWaiting
      let storming = folders.filter { waiting.contains($0.id) && isWanted($0) }
      guard !storming.isEmpty else { return }
      guard context.clock.now < end else { return passed.report.problems += storming.map { .storm(in: $0) } }
      guard await context.sleep(context.restOfGathering) else { throw .cancelled }
      try await lookAgain(at: storming, runner, &passed)
    }
  }

  private func lookAgain(
    at folders: [SyncedFolder], _ runner: PassRunner, _ passed: inout PassRunner.Outcome
  ) async throws(StoreError) {
    guard !folders.isEmpty else { return }
    let again = try await runner.run(
      folders.map { folder in
        let since = folder.checkpoints
        return .init(folder: folder, scopes: Sides(near: .wide(since: since.near), far: .wide(since: since.far)))
      })
    passed.report.merge(again.report)
    passed.failures.merge(again.failures) { $1 }
  }

  private func isWanted(_ folder: SyncedFolder) -> Bool { names?.contains(folder.names.far) ?? true }

  /// For a dry run: everything that the one side has would come to the other, where there is nothing to look at yet.
  private static func scopes(without missing: Side) -> Sides<LookScope?> {
    switch missing {
    case .near: Sides(near: nil, far: .wide(since: nil))
    case .far: Sides(near: .wide(since: nil), far: nil)
    }
  }

  /// Nil where neither side has changed and nothing is left over.
  private func request(
    _ folder: SyncedFolder, _ listed: Sides<Checkpoint?>?
  ) throws(StoreError) -> PassRunner.Request? {
    if options.isThorough {
      return PassRunner.Request(folder: folder, scopes: Sides(near: .wide(since: nil), far: .wide(since: nil)))
    }
    let hasLeftovers = try context.withLedger { ledger throws(LedgerError) in
      if folder.isHeld { return true }
      if try !ledger.intents(in: folder.id).isEmpty {
        if !context.hasLookedForStrays { context.interrupted.insert(folder.id) }
        return true
      }
      return try ledger.setAside(in: folder.id).contains { $0.isDue(at: context.wallSeconds) }
    }
    func scope(_ side: Side) -> LookScope? {
      if !hasLeftovers, let now = listed?[side], let then = folder.checkpoints[side],
        now.provesNothingChanged(since: then)
      {
        return nil
      }
      return .wide(since: folder.checkpoints[side])
    }
    let scopes = Sides(near: scope(.near), far: scope(.far))
    guard scopes.near != nil || scopes.far != nil else {
      folder.isConfirmed = true
      return nil
    }
    return PassRunner.Request(folder: folder, scopes: scopes)
  }

  /// They are in sync as well as those that were looked at.
  private func recordUnchanged(_ folders: [SyncedFolder], _ report: inout PassReport) throws(StoreError) {
    let now = context.wallSeconds
    var changes: [LedgerChange] = []
    for folder in folders {
      folder.lastSync = now
      report.foldersSynced.insert(folder.id)
      // One without a first pass is left to it.
      guard folder.lastPass != nil, folder.isLastPassStale(at: now) else { continue }
      changes.append(.passCompleted(folder.id, at: now))
      folder.lastPass = now
    }
    try context.commit(changes)
  }

  /// A folder that went away during its pass is for the next discovery; one that is there all the same, and lacks
  /// something, is named (law L11).
  private func nameBroken(
    _ folders: [SyncedFolder], _ failures: [FolderID: StoreError], _ report: inout PassReport
  ) async throws(StoreError) {
    for folder in folders {
      guard let error = failures[folder.id], error.kind == .gone else { continue }
      do {
        var isGone = false
        for side in Side.allCases where !isGone { isGone = try await context.isGone(folder.names[side], on: side) }
        if !isGone { report.problems.append(.init(folder: folder.title, reason: error.text)) }
      } catch {
        guard error.scope < .account else { throw error }
        report.problems.append(.init(folder: folder.title, reason: error.text))
      }
    }
  }

  /// Messages that wait for another try are not in sync, whether or not this pass met them (law L11).
  private func nameSetAside(in folders: [SyncedFolder], _ report: inout PassReport) throws(StoreError) {
    let named = Set(report.problems)
    for folder in folders {
      let aside = try context.withLedger { ledger throws(LedgerError) in try ledger.setAside(in: folder.id) }
      for entry in aside {
        let problem = PassReport.Problem(
          folder: folder.title, message: "\(entry.side) \(entry.key)", reason: entry.reason)
        if !named.contains(problem) { report.problems.append(problem) }
      }
    }
  }

  /// Without it an older copy of the store would not be known as one. That keeps no message from syncing (law L11), and
  /// what is due is tried again after the next pass.
  private func leaveAge(_ report: inout PassReport) async throws(StoreError) {
    do throws(StoreError) {
      try await context.leaveAge()
    } catch {
      guard error.scope < .account else { throw error }
      report.problems.append(.init(folder: nil, reason: error.text))
    }
  }

  private func purgeLimbo(_ report: inout PassReport) async throws(StoreError) {
    let due = context.wallSeconds - context.deletionRules.keepSeconds
    let expired = try context.withLedger { ledger throws(LedgerError) in
      try context.limbo.take(keptBefore: due, from: ledger)
    }
    guard !expired.isEmpty else { return }
    defer { context.limbo.giveBack(expired) }
    let left = try await context.stores.near.purge(expired.map(\.key))
    try context.commit(expired.filter { left[$0.key] == nil }.map { .removeLimbo($0.key) })
    report.problems += Set(left.values).sorted().map {
      .init(folder: nil, reason: "what was deleted a while ago stays where it is kept: \($0)")
    }
  }
}

extension PassReport.Problem {
  /// Messages are being deleted without an end.
  fileprivate static func storm(in folder: SyncedFolder) -> Self {
    .init(folder: folder.title, reason: "messages are still being deleted; the other side's are kept until that ends")
  }
}
