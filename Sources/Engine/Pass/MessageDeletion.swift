import Mail
import Ports
import Reconciliation

/// Deletes on one side what was seen deleted on the other: the only dangerous verb.
///
/// What is deleted is a pair that the base still holds, at this place, when its turn comes (law L1), below the brake
/// (law L9), and nothing else (law L10).
@Loop
struct MessageDeletion {
  let context: AccountContext
  let folder: SyncedFolder
  let side: Side

  init(context: AccountContext, folder: SyncedFolder, on side: Side) {
    self.context = context
    self.folder = folder
    self.side = side
  }

  enum Verdict {
    case allowed
    case held(PassReport.Held)
  }

  /// `total` is the folder's size as the pass found it: what arrives with it does not dilute a mass deletion. `account`
  /// tells where the account's brake holds all of its folders.
  ///
  /// A folder that is emptied is no less so because some of its messages have a copy: so what was `moved` does not go
  /// into the count, but it does into the judgement of the others. `isCaught` where so much is held in others that it is
  /// held here, too.
  func verdict(
    on count: Int, moved: Int, of total: Int, account: AccountBrake.Hold?, isCaught: Bool, _ options: PassOptions
  ) -> Verdict {
    guard count > 0, !options.allowsDeletions else { return .allowed }
    let isTooMuchHere = isCaught || isTooMuch(count + moved, of: total)
    guard isTooMuchHere || account != nil else { return .allowed }
    let recent = folder.deletions[side].recent(at: context.clock.now)
    return .held(
      PassReport.Held(
        folder: folder.title, side: side, deletions: count + recent, total: total + recent, deleted: recent,
        account: isTooMuchHere ? nil : account))
  }

  /// True where the folder's own brake holds so many. What is held once stays so until nothing is missing: new mail does
  /// not dilute it, nor does what is rescued of it.
  func isTooMuch(_ count: Int, of total: Int) -> Bool {
    let recent = folder.deletions[side].recent(at: context.clock.now)
    return folder.deletions[side].isHeld || context.deletionRules.brake.holds(count, of: total, recent: recent)
  }

  struct Outcome {
    var deleted = 0
    /// Still there, although it was asked for.
    var left = 0
    /// The store's words, where it refused to delete some of those.
    var refusal: String?
    /// It has another name by now, as another pass has found out: a later look tells again that its partner is gone.
    var hasRenamed = false
  }

  /// `look` at the other side is the evidence. What of it was `moved` is no deletion to the brake.
  func run(
    _ removals: [Removal], seenIn look: Look, moved: Set<PairID>, _ options: PassOptions
  ) async throws(StoreError) -> Outcome {
    let pairs = Set(removals.map(\.pair))
    await context.claims.claim(pairs)
    defer { context.claims.release(pairs) }
    let (current, hasRenamed) = try await current(removals)
    var outcome = Outcome(hasRenamed: hasRenamed)
    // Files are read before they go, and what somebody writes into one between the two is lost: so not all are read first.
    let portions = context.stores[side].isLocal ? current.portions(of: Self.filesAtOnce) : [current[...]]
    for portion in portions where !portion.isEmpty {
      let found = try await EditedFiles(context: context, folder: folder, side: side).keep(Array(portion))
      outcome.left += found.undecided
      guard !found.unchanged.isEmpty else { continue }
      let disposed = try await dispose(of: found.unchanged, seenIn: look, moved: moved, options)
      outcome.deleted += disposed.deleted
      outcome.left += disposed.left
      outcome.refusal = outcome.refusal ?? disposed.refusal
    }
    return outcome
  }

  private static let filesAtOnce = 100

  /// What is gone is out of the base, too.
  private func dispose(
    of records: [PairRecord], seenIn look: Look, moved: Set<PairID>, _ options: PassOptions
  ) async throws(StoreError) -> Outcome {
    let disposal = Disposal(context: context, folder: folder, side: side)
    await disposal.begin()
    defer { disposal.end() }
    let evidence: DeletionNotice.Evidence = look.coverage == .complete ? .notListed : .seenGone
    let deletion = try await disposal.run(records, evidence, options)
    let gone = records.filter { deletion.gone.contains($0.pair[side].key) }
    // What a person allowed is no storm.
    if !options.allowsDeletions {
      let now = context.clock.now
      let counted = gone.count { !moved.contains($0.pair.id) && !isBrief($0, at: now) }
      folder.deletions[side].record(counted, at: now)
      context.deletions[side].record(counted, at: now)
    }
    for portion in gone.portions(of: AccountContext.pairsAtOnce) {
      // A message that the base forgets and what was kept of it belong together, in one transaction.
      try context.commitDurably(
        portion.flatMap { [.removePair($0.pair.id)] + disposal.remember($0, deletion) } + folder.lose(side.other))
      await Task.yield()
    }
    return Outcome(deleted: gone.count, left: records.count - gone.count, refusal: deletion.refusal)
  }

  private func isBrief(_ record: PairRecord, at now: LoopInstant) -> Bool {
    context.recentArrivals.isBrief(record.identity.digest, in: folder.id, from: side.other, at: now)
  }

  /// Re-read after the wait for the claim: a move may have taken the pair to another folder meanwhile, or another pass
  /// seen that its file has only got another name.
  private func current(
    _ removals: [Removal]
  ) async throws(StoreError) -> (records: [PairRecord], hasRenamed: Bool) {
    let seen = Dictionary(removals.map { ($0.pair, $0) }, uniquingKeysWith: { first, _ in first })
    let there = try await context.records(of: removals.map(\.pair)).filter { record in
      record.folder == folder.id && seen[record.pair.id]?.gone == record.pair[side.other].key
    }
    let records = there.filter { seen[$0.pair.id]?.key == $0.pair[side].key }
    return (records, records.count < there.count)
  }
}

extension PassReport.Problem {
  /// Messages that were to be deleted, and are there nevertheless.
  static func left(_ count: Int, of folder: SyncedFolder, on side: Side, _ refusal: String?) -> Self {
    let them = count == 1 ? "it" : "them"
    let why = refusal.map { "keeps \(them): \($0)" } ?? "still shows \(them)"
    return .init(
      folder: folder.title,
      reason: counted(count, "message was", "messages were")
        + " deleted, but the \(side) side \(why); tried again later")
  }
}
