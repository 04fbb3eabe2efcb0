import Mail
import Ports
import Reconciliation

/// Makes passes over several folders at once: all advance before any deletes. What deletes nothing waits for none: one
/// folder's storm never delays another's single mail.
///
/// A folder's failure is its own; an account's failure ends the run, and what was recorded until then stays.
@Loop
struct PassRunner {
  /// Folders worked on at the same time; more would only wait for connections and disk.
  static let foldersAtOnce = 4

  let context: AccountContext
  let options: PassOptions
  /// For passes over all folders that there are, or all that a person asked for: the count of folders' changes before
  /// they were listed. Nil for those that events asked for.
  let listing: Int?
  /// Is told of each folder that is done while others are not. The outcome of the run says nothing of it then.
  var tellDone: (@Loop (Outcome) -> Void)?

  struct Request {
    let folder: SyncedFolder
    let scopes: Sides<LookScope?>
  }

  struct Outcome {
    var report = PassReport()
    /// Folders whose pass failed, to be tried again later.
    var failures: [FolderID: StoreError] = [:]
    var folders: [FolderID] = []
  }

  func run(_ requests: [Request]) async throws(StoreError) -> Outcome {
    let progress = ProgressMeter(context)
    progress.expectFolders(requests.count)
    let passes = requests.map { FolderPass($0.folder, scopes: $0.scopes, options: options, in: context) }
    let gathering = DeletionGathering(context: context)
    var failures = try await perform(passes) { pass async throws(StoreError) in
      try await pass.advance(progress)
      guard pass.takesNothing, !options.isDryRun else { return }
      try await gathering.run([pass], areAllowed: options.allowsDeletions)
      try await pass.finish(Sides(near: nil, far: nil))
      progress.folderDone()
      tellDone?(settle([pass], [:]))
    }
    let told = tellDone == nil ? [] : Set(passes.filter(\.isFinished).map(\.folder.id))
    let advanced = passes.filter { failures[$0.folder.id] == nil }
    let waiting = advanced.filter { !$0.isFinished }
    for pass in waiting where !haveSeenAllFolders || !pass.mayDelete { pass.postponeAllDeletions() }
    if options.isDryRun {
      for side in Side.allCases { try await gathering.findMoved(waiting, side) }
    } else {
      try await gathering.run(waiting, areAllowed: options.allowsDeletions)
    }
    let account = try AccountBrake(context: context).holds(advanced, options)
    let unfinished = try await perform(waiting) { pass async throws(StoreError) in
      try await pass.finish(account)
      progress.folderDone()
    }
    failures.merge(unfinished) { first, _ in first }
    return settle(passes.filter { !told.contains($0.folder.id) }, failures)
  }

  /// Before every folder was looked at, also one that came meanwhile, what is gone from one may be on its way to another
  /// (law L3).
  private var haveSeenAllFolders: Bool {
    listing.map { $0 == context.folderChanges } ?? context.hasSeenAllFolders
  }

  /// Does one step for every pass, some at a time, each under its folder's lock.
  private func perform(
    _ passes: [FolderPass], _ step: @escaping @Loop @Sendable (FolderPass) async throws(StoreError) -> Void
  ) async throws(StoreError) -> [FolderID: StoreError] {
    var failures: [FolderID: StoreError] = [:]
    var fatal: StoreError?
    await withTaskGroup(of: (FolderID, StoreError?).self) { group in
      var remaining = passes.makeIterator()
      for _ in 0..<Self.foldersAtOnce {
        guard let pass = remaining.next() else { break }
        group.addTask { await Self.attempt(step, pass) }
      }
      while let (folder, error) = await group.next() {
        if let error { failures[folder] = error }
        if let error, error.scope == .account {
          if fatal == nil { fatal = error }
          group.cancelAll()
        }
        if fatal == nil, let pass = remaining.next() { group.addTask { await Self.attempt(step, pass) } }
      }
    }
    if let fatal { throw fatal }
    return failures
  }

  private static func attempt(
    _ step: @Loop @Sendable (FolderPass) async throws(StoreError) -> Void, _ pass: FolderPass
  ) async -> (FolderID, StoreError?) {
    await pass.folder.lock.acquire()
    defer { pass.folder.lock.release() }
    // While it waited, the folder may have been removed; one that has its name now is another to the base.
    guard !pass.folder.isRemoved else {
      return (pass.folder.id, StoreError(.folder, .gone, "\(pass.folder.title): the folder is not there any more"))
    }
    do {
      try await step(pass)
      return (pass.folder.id, nil)
    } catch {
      // What was done until then is in no base, or half of it is: the next look shows both sides whole.
      pass.folder.isConfirmed = false
      return (pass.folder.id, error)
    }
  }

  private func settle(_ passes: [FolderPass], _ failures: [FolderID: StoreError]) -> Outcome {
    var outcome = Outcome(failures: failures, folders: passes.map(\.folder.id))
    // The look that follows shows everything again, and one that cannot be made keeps no other folder waiting.
    for folder in failures.keys { context.forgetWaitingDeletions(in: folder) }
    // What becomes of a folder that went away, only a listing tells; that of a full pass was made a moment ago.
    if listing == nil, failures.values.contains(where: { $0.kind == .gone }) { context.needsListing = true }
    for pass in passes {
      var report = pass.report
      // A folder that went away during the pass is for the next discovery.
      if let error = failures[pass.folder.id], error.kind != .gone {
        report.problems.append(.init(folder: pass.folder.title, reason: error.text))
      }
      if report.didChange || !report.isClean { context.tell(.folderSynced(pass.folder.title, report)) }
      outcome.report.merge(report)
    }
    return outcome
  }
}
