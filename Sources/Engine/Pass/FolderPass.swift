import Mail
import Ports
import Reconciliation

/// One pass over one folder: look at both sides, reconcile with the base, carry out, record.
///
/// It comes in two halves. `advance()` brings messages and flags; `finish()` deletes. A pass over several folders
/// advances all of them before any deletes, so that a moved message is copied before its old place is emptied, and
/// nothing is deleted before its other copy is safe.
@Loop
final class FolderPass {
  let context: AccountContext
  let folder: SyncedFolder
  private(set) var scopes: Sides<LookScope?>
  let options: PassOptions
  private(set) var report = PassReport()
  private var looks = Sides(near: Look.nothing, far: Look.nothing)
  private(set) var plan = FolderPlan()
  /// The folder's size in the base before anything was carried out; nil where nothing had to be.
  private(set) var pairCount: Int?
  /// Sides whose evidence is not used up yet, so that their checkpoint must stay where it is.
  private var unfinished: Set<Side> = []
  /// A delivery was interrupted here.
  private var hasIntents = false
  /// False where what is gone here may be in another folder that has yet to be looked at again.
  private(set) var mayDelete = true
  /// Of what is to be deleted on each side, what lives on in another folder: no deletion to the brake.
  private(set) var moved = Sides<Set<PairID>>(near: [], far: [])
  /// How many of those there were, with what other passes have carried out already.
  private(set) var movedCount = Sides(near: 0, far: 0)
  /// Sides where so much goes in the whole account that what this folder would lose is held, however little it is.
  var caught: Set<Side> = []
  /// The folder's losses when it was looked at.
  private var losses = Sides(near: 0, far: 0)
  /// Which of the folder's looks this one was.
  private var ordinal = 0
  /// Sides whose deletions are left to a later pass.
  private var postponed: Set<Side> = []
  /// Identities that were read on the way.
  private var identified = Sides<[MessageKey: Identified]>(near: [:], far: [:])
  /// Local messages that could not be read, so that nobody knows whether they are new.
  private var unread = Sides<Set<MessageKey>>(near: [], far: [])
  /// Messages wait to be sent until more is known of the other side: then no narrow look is enough.
  private var isWaiting = false
  /// The brake would have held what there was to delete, before it was left to a later pass.
  private var wasHeld = false
  /// Messages are matched by what they are, because the base cannot tell.
  private var matchesByIdentity = false
  private(set) var isFinished = false

  init(_ folder: SyncedFolder, scopes: Sides<LookScope?>, options: PassOptions, in context: AccountContext) {
    self.folder = folder
    self.scopes = scopes
    self.options = options
    self.context = context
  }

  func advance(_ progress: ProgressMeter) async throws(StoreError) {
    if !options.isDryRun { try await begin() }
    losses = folder.losses
    folder.beginLooking()
    ordinal = folder.looks
    for side in Side.allCases {
      if let scope = scopes[side] { looks[side] = try await look(side, scope) }
    }
    if !options.isDryRun { try SettingAside.forgetDone(in: folder, looks, context) }
    guard !looks.near.isEmpty || !looks.far.isEmpty || hasIntents else { return }
    let rematching = Rematching(context: context, folder: folder)
    let renumbered = try rematching.renumbered(looks)
    if options.isDryRun, !renumbered.isEmpty {
      report.plan = ["match \(printable("\(folder.title)")) anew, because its numbering changed"]
      report.planned = [PlannedWork(folder: folder.title, side: .far, kind: .renumber, count: 0)]
      return
    }
    if !options.isDryRun {
      matchesByIdentity = hasIntents || folder.lastPass == nil || !renumbered.isEmpty
      try requireWholeView()
      // What lost its partner is new to the other side, and no event of its own may tell of it.
      for side in try await rematching.run(looks, renumbered) where looks[side].coverage != .complete {
        let scope = LookScope.wide(since: folder.checkpoints[side])
        scopes[side] = scope
        looks[side] = try await look(side, scope)
      }
    }
    plan = try reconcileWithBase()
    let renaming = try await Renaming(context: context, folder: folder).run(plan, options)
    identified = renaming.identified
    if !renaming.renames.isEmpty {
      plan = options.isDryRun ? plan.without(renaming.renames) : try reconcileWithBase()
    }
    if !options.isDryRun { try await linkArrivals() }
    pairCount = try countPairs()
    wasHeld = Side.allCases.contains(where: isHeldByItself)
    if !options.isDryRun { try await requireReadable(progress) }
    plan.arrivals = try SettingAside.due(plan.arrivals, in: folder, context)
    if options.isDryRun {
      let description = PlanDescription(context: context, folder: folder)
      let described = try await description.run(plan, looks: looks, scopes: scopes, options)
      (report.plan, report.planned) = (described.steps, described.work)
      return
    }
    for side in Side.allCases where !plan.arrivals[side].isEmpty {
      let delivery = ArrivalDelivery(context: context, folder: folder, from: side, progress: progress)
      let delivered = try await delivery.run(plan.arrivals[side], identified: identified[side], unread: unread[side])
      unfinished.formUnion(delivered.unread)
      report.merge(delivered)
      if !delivered.unread.isEmpty, isWide(side) { reportUnread(side) }
    }
    let flagging = try await FlagUpdating(context: context, folder: folder).run(plan)
    report.merge(flagging.report)
    unfinished.formUnion(flagging.unfinished)
  }

  /// In a pass over everything nobody may say that all is in sync; after an event the next one comes with the last write.
  private func reportUnread(_ side: Side) {
    let reason = "messages on the \(side) side changed while they were read; tried again"
    report.problems.append(.init(folder: folder.title, reason: reason))
  }

  /// What is `done` is this folder's no more.
  func setMoved(_ pairs: Set<PairID>, done: Set<PairID>, on side: Side) {
    moved[side] = pairs
    movedCount[side] = pairs.count + done.count
    if !done.isEmpty { plan.deletions[side].removeAll { done.contains($0.pair) } }
  }

  func finish(_ account: Sides<AccountBrake.Hold?>) async throws(StoreError) {
    guard !options.isDryRun else { return describeHeld(account) }
    doubtLosers()
    try await delete(account)
    try reportHeld()
    try await recordCheckpoints()
    isFinished = true
  }

  // MARK: Looking

  /// A narrow look shows one side's end of a pair that the base does not know of yet. Where there may be such pairs, it
  /// would be taken for a new message: so the first look, and that after an interrupted delivery, is wide (law L3). So
  /// is the first of a session: only then is it known that the base's UIDs still mean the same messages (law L8). And
  /// what the brake holds is let go as soon as the messages are back, which the whole folder tells.
  private func begin() async throws(StoreError) {
    let intents = try context.withLedger { ledger throws(LedgerError) in try ledger.intents(in: folder.id) }
    hasIntents = !intents.isEmpty
    for side in folder.takeBereft() { scopes[side] = .wide(since: folder.checkpoints[side]) }
    guard folder.lastPass == nil || !folder.isConfirmed || hasIntents || folder.isHeld else { return }
    for side in Side.allCases where !isWide(side) { scopes[side] = .wide(since: folder.checkpoints[side]) }
    for side in Side.allCases where !context.stores[side].isLocal {
      // Where we chose the name ourselves, a second one cannot be.
      let drafts = intents.map(\.draft).filter { $0.target == side && $0.reserved == nil }
      guard !drafts.isEmpty else { continue }
      try await LateArrivals(context: context, folder: folder, side: side, drafts: drafts).settle()
    }
  }

  /// Where messages are matched by what they are, one that a disturbed look does not show would be brought over once
  /// more (law L3).
  private func requireWholeView() throws(StoreError) {
    guard matchesByIdentity else { return }
    for side in Side.allCases where looks[side].isPartial {
      throw StoreError(
        .folder, .unavailable, "messages came and went on the \(side) side while it was listed; tried again soon")
    }
  }

  /// So often one that cannot be read holds the others up; then law L3 gives way to L11.
  private static let unreadablePassesMax = 2

  /// Where messages are matched by what they are, the partner of one that cannot be read just now would be brought over
  /// as new, and it would be there twice (law L3). The disk may have recovered by the next pass.
  private func requireReadable(_ progress: ProgressMeter) async throws(StoreError) {
    guard matchesByIdentity else { return }
    for side in Side.allCases where !unread[side].isEmpty && !plan.arrivals[side.other].isEmpty {
      var aside = PassReport()
      let delivery = ArrivalDelivery(context: context, folder: folder, from: side, progress: progress)
      try await delivery.setAside(unread[side].sorted(), &aside)
      let entries = try SettingAside(context: context, folder: folder, side: side).entries(of: unread[side])
      let isHoped = entries.values.contains { $0.attempts < Self.unreadablePassesMax }
      if isHoped || !aside.unread.isEmpty {
        throw StoreError(
          .folder, .unavailable,
          "messages on the \(side) side cannot be read, and so not be told from those on the other; tried again soon")
      }
      report.merge(aside)
      plan.arrivals[side].removeAll { unread[side].contains($0.key) }
      unfinished.insert(side)
    }
  }

  private var isWideOnASide: Bool { Side.allCases.contains(where: isWide) }
  private var isWideOnBothSides: Bool { Side.allCases.allSatisfy(isWide) }

  private func isWide(_ side: Side) -> Bool { scopes[side]?.isWide == true }

  /// True where what is not shown, or not said to be gone, needs no other look.
  func showsWhole(_ side: Side) -> Bool { isWide(side) && !looks[side].isPartial }

  /// False where another pass has looked since: what the brake holds by what that one saw, this one knows nothing of.
  private var isLatest: Bool { folder.looks == ordinal }

  func showsWholeOfNow(_ side: Side) -> Bool { isLatest && showsWhole(side) }

  /// True where each message that its look at this side has shown has a partner by now, or is set aside.
  func hasTakenAll(on side: Side) -> Bool {
    showsWhole(side) && unread[side].isEmpty && !unfinished.contains(side)
  }

  private func look(_ side: Side, _ scope: LookScope) async throws(StoreError) -> Look {
    let look = try await FolderLooking(context: context, folder: folder, side: side).run(scope, options)
    for (key, reason) in look.unreadable {
      report.problems.append(.init(folder: folder.title, message: "\(side) \(key)", reason: reason))
    }
    return look
  }

  private func reconcileWithBase() throws(StoreError) -> FolderPlan {
    try FolderPlanning(context: context, folder: folder, looks: looks).plan()
  }

  private func countPairs() throws(StoreError) -> Int {
    try context.withLedger { ledger throws(LedgerError) in try ledger.pairCount(in: folder.id) }
  }

  // MARK: Arrivals

  private func linkArrivals() async throws(StoreError) {
    guard !plan.arrivals.near.isEmpty || !plan.arrivals.far.isEmpty || hasIntents else { return }
    pairCount = try countPairs()
    let linking = ArrivalLinking(
      context: context, folder: folder, looks: looks, scopes: scopes,
      doubted: Set(Side.allCases.filter { isHeldByItself($0.other) }))
    let outcome = try await linking.run(plan.arrivals)
    for side in Side.allCases { identified[side].merge(outcome.identified[side]) { $1 } }
    unread = outcome.unread
    report.problems += outcome.problems
    if outcome.didLink {
      for side in Side.allCases {
        guard let scope = scopes[side] else { continue }
        looks[side] = try await FolderLooking(context: context, folder: folder, side: side).completed(
          looks[side], scope)
      }
      plan = try reconcileWithBase()
    }
    mayDelete = !outcome.didRelocate
    for side in Side.allCases where !outcome.waiting[side].isEmpty {
      plan.arrivals[side].removeAll { outcome.waiting[side].contains($0.key) }
      // The next look shows again both them and what they wait for.
      unfinished.formUnion(Side.allCases)
      isWaiting = true
    }
  }

  // MARK: Deletions

  private func delete(_ account: Sides<AccountBrake.Hold?>) async throws(StoreError) {
    try await forget(account)
    for side in Side.allCases {
      if !plan.deletions[side].isEmpty { try await delete(on: side, account[side]) }
      let isHeld = report.held.contains { $0.side == side && $0.account == nil }
      guard !isHeld, !postponed.contains(side), showsWholeOfNow(side.other) else { continue }
      try BrakeMemory(context: context, folder: folder, side: side).release(isAllowed: options.allowsDeletions)
    }
  }

  /// A side that shows so little that the brake holds may show the rest again, and what somebody deleted on the other
  /// meanwhile would come back as new.
  private func forget(_ account: Sides<AccountBrake.Hold?>) async throws(StoreError) {
    guard !plan.forgotten.isEmpty else { return }
    let isDoubtful = (wasHeld && !postponed.isEmpty) || Side.allCases.contains { isHeld($0, account[$0]) }
    guard !isDoubtful else { return unfinished.formUnion(Side.allCases) }
    try await Forgetting(context: context, folder: folder).run(plan.forgotten)
  }

  /// What was moved goes, whatever the brake says of the others.
  private func delete(on side: Side, _ account: AccountBrake.Hold?) async throws(StoreError) {
    var going = plan.deletions[side]
    if case .held(let held) = verdict(on: side, account: account) {
      let counted = removals(on: side).subtracting(moved[side])
      going.removeAll { counted.contains($0.pair) }
      try hold(held, counted)
    }
    guard !going.isEmpty else { return }
    let deletion = MessageDeletion(context: context, folder: folder, on: side)
    let outcome = try await deletion.run(going, seenIn: looks[side.other], moved: moved[side], options)
    context.gathered[side].settle(Set(going.map(\.pair)), in: folder.id)
    report.counts[side].deleted += outcome.deleted
    if outcome.hasRenamed { lookAgain() }
    guard outcome.left > 0 else { return }
    // What showed the deletion must not be left behind as settled: a later pass has to see it again.
    unfinished.insert(side.other)
    report.problems.append(.left(outcome.left, of: folder, on: side, outcome.refusal))
  }

  private func hold(_ held: PassReport.Held, _ pairs: Set<PairID>) throws(StoreError) {
    let side = held.side
    unfinished.formUnion(Side.allCases)
    report.held.append(held)
    guard held.account == nil else { return context.gathered[side].hold(folder.id) }
    context.gathered[side].settle(pairs, in: folder.id)
    try BrakeMemory(context: context, folder: folder, side: side).hold()
  }

  /// To a later pass over the whole folder, which finds them again; all but `urgent`.
  func postponeDeletions(_ side: Side, but urgent: Set<PairID> = []) {
    let all = plan.deletions[side]
    plan.deletions[side].removeAll { !urgent.contains($0.pair) }
    guard plan.deletions[side].count < all.count else { return }
    postponed.insert(side)
    // Nor is what the side itself showed of them used up: should they come back, it is news to the other (law L6).
    unfinished.formUnion(Side.allCases)
  }

  /// For a reason of their own, which is told, and of whose end no event may tell.
  func keep(_ pairs: Set<PairID>, on side: Side, _ problem: PassReport.Problem) {
    postponeDeletions(side, but: removals(on: side).subtracting(pairs))
    tell(problem)
    report.hasFoldersLeft = true
  }

  func tell(_ problem: PassReport.Problem) { report.problems.append(problem) }

  /// The messages may have gone to a folder whose pass is yet to copy them from here.
  func postponeAllDeletions() {
    guard !plan.deletions.near.isEmpty || !plan.deletions.far.isEmpty else { return }
    for side in Side.allCases { postponeDeletions(side) }
    folder.hasPostponedDeletions = true
  }

  /// What had its partner when it was looked at may have lost it since, by another pass: nobody would see it (law L2).
  private func doubtLosers() {
    let sides = Side.allCases.filter { folder.losses[$0] != losses[$0] }
    if !sides.isEmpty { lookAgain(at: Set(sides)) }
  }

  /// Soon, and not only where something has changed since.
  private func lookAgain(at sides: Set<Side> = Set(Side.allCases)) {
    unfinished.formUnion(sides)
    folder.hasPostponedDeletions = true
  }

  private func reportHeld() throws(StoreError) {
    guard isWideOnASide && isLatest || !report.held.isEmpty else { return }
    folder.held = report.held
    try HeldMemory.note(folder, in: context)
  }

  // MARK: Recording

  /// What a wide look vouches for moves forward only now that all it showed is in the base. What others did in a directory
  /// comes to the disk before: a message that a power cut brought back would not show in the directory's time.
  private func recordCheckpoints() async throws(StoreError) {
    for side in Side.allCases where context.stores[side].isLocal && newCheckpoint(side) != nil {
      try await context.stores[side].secureNames(in: folder.names[side])
    }
    if isWaiting || isWideOnBothSides && !looks.near.isPartial && !looks.far.isPartial {
      folder.isConfirmed = !isWaiting
    }
    // A later pass that fails makes it unconfirmed, and its messages may still be copied from here.
    if folder.isConfirmed { folder.knownNumbers = Set(Side.allCases) }
    var changes: [LedgerChange] = []
    // A narrow look's checkpoint is the store's word for all that went before, which the ledger may not hold yet.
    unfinished.formUnion(folder.bereft)
    for side in Side.allCases {
      guard let checkpoint = newCheckpoint(side) else { continue }
      changes.append(.setCheckpoint(folder.id, side, checkpoint))
      folder.checkpoints[side] = checkpoint
    }
    let now = context.wallSeconds
    folder.lastSync = now
    if isWideOnASide, report.didChange || !changes.isEmpty || folder.isLastPassStale(at: now) {
      changes.append(.passCompleted(folder.id, at: now))
      folder.lastPass = now
    }
    try context.commit(changes)
    report.foldersSynced = [folder.id]
  }

  private func newCheckpoint(_ side: Side) -> Checkpoint? {
    guard !unfinished.contains(side), isWide(side) || looks[side].coverage == .complete else { return nil }
    return looks[side].checkpoint.flatMap { $0 == folder.checkpoints[side] ? nil : $0 }
  }

  /// For a dry run, what the brake would hold.
  private func describeHeld(_ account: Sides<AccountBrake.Hold?>) {
    for side in Side.allCases where !plan.deletions[side].isEmpty {
      if case .held(let held) = verdict(on: side, account: account[side]) { report.held.append(held) }
    }
  }
}
