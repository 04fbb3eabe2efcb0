import Mail
import Ports
import Reconciliation

/// Carries out a plan's flag changes on both sides and records what they led to (law L6).
///
/// A store's answer may show what somebody else changed at the same moment. That is merged in a further round at once,
/// because no event need tell of it any more.
@Loop
struct FlagUpdating {
  /// Rounds made at once; a message that is still being changed after them is looked at again later.
  private static let roundsMax = 3

  let context: AccountContext
  let folder: SyncedFolder

  struct Outcome {
    var report = PassReport()
    /// Sides that have shown what is still to be followed: some message could not be found, kept changing, or its change
    /// was refused.
    var unfinished: Set<Side> = []
    /// How many changes each side refused, by its words.
    fileprivate var refused = Sides<[String: Int]>(near: [:], far: [:])
  }

  func run(_ plan: FolderPlan) async throws(StoreError) -> Outcome {
    var outcome = Outcome()
    if !plan.settled.isEmpty { for side in Side.allCases { try await secure(side) } }
    let settled = Dictionary(plan.settled.map { ($0.pair, $0.flags) }) { first, _ in first }
    try context.commit(try here(settled).map { .setFlags($0.record.pair.id, $0.state) })
    var updates = plan.updates
    for _ in 0..<Self.roundsMax where !updates.near.isEmpty || !updates.far.isEmpty {
      updates = try await round(updates, &outcome)
    }
    if !updates.near.isEmpty || !updates.far.isEmpty { outcome.unfinished.formUnion(Side.allCases) }
    for side in Side.allCases {
      for (words, count) in outcome.refused[side].sorted(by: { $0.key < $1.key }) {
        outcome.report.problems.append(.refusedFlags(count, of: folder, on: side, words))
      }
    }
    return outcome
  }

  /// One pair's flags as a round leaves them: what may be recorded, and what was shown.
  private struct State {
    var base: Sides<FlagSet>
    var shown: Sides<FlagSet>
    var hidesKeywords = Sides(near: false, far: false)
  }

  /// Answers what the round's answers ask for in turn.
  private func round(
    _ updates: Sides<[Update]>, _ outcome: inout Outcome
  ) async throws(StoreError) -> Sides<[Update]> {
    var states: [PairID: State] = [:]
    var missed: Set<PairID> = []
    for side in Side.allCases where !updates[side].isEmpty {
      let answer = try await context.stores[side].update(
        updates[side].map { FlagChange(key: $0.key, adding: $0.adding, removing: $0.removing) },
        in: folder.names[side])
      for update in updates[side] {
        guard var shown = answer.shown[update.key], answer.refused[update.key] == nil else {
          // Gone or moved meanwhile, or refused. Nothing of this pair is settled before a look has told (law L6).
          missed.insert(update.pair)
          leave(update, on: side, refusedWith: answer.refused[update.key], among: updates, &outcome)
          continue
        }
        if update.hidesKeywords {
          shown = shown.union(FlagSet(keywords: update.seen[side].subtracting(update.removing).keywords))
        }
        var state = states[update.pair] ?? State(base: update.seen, shown: update.seen)
        state.base[side] = settledFlags(
          before: update.seen[side], adding: update.adding, removing: update.removing, shown: shown)
        state.shown[side] = shown
        state.hidesKeywords[side] = update.hidesKeywords
        states[update.pair] = state
        outcome.report.counts[side].flagged += 1
        if context.stores[side].isLocal { name(update, side, shown, &outcome.report) }
      }
    }
    // What the other side has been told by now: a power cut must not make a change of its own of it (law L4).
    for side in Side.allCases where !updates[side.other].isEmpty { try await secure(side) }
    let settled = try here(states.filter { !missed.contains($0.key) })
    try context.commit(settled.map { .setFlags($0.record.pair.id, $0.state.base) })
    return further(settled.filter { $0.state.base != $0.state.shown })
  }

  /// What is refused, only the side that asks for it has to show again; unless each asks something of the other.
  private func leave(
    _ update: Update, on side: Side, refusedWith words: String?, among updates: Sides<[Update]>,
    _ outcome: inout Outcome
  ) {
    let isMutual = updates[side.other].contains { $0.pair == update.pair }
    outcome.unfinished.formUnion(words == nil || isMutual ? Side.allCases : [side.other])
    if let words { outcome.refused[side][words, default: 0] += 1 }
  }

  private func secure(_ side: Side) async throws(StoreError) {
    try await context.stores[side].secureNames(in: folder.names[side])
  }

  /// A Maildir can hold each of the usual flags, but for a message whose file cannot have the name (law L11).
  private func name(_ update: Update, _ side: Side, _ shown: FlagSet, _ report: inout PassReport) {
    let missing = FlagSet(update.adding.subtracting(shown).system)
    guard !missing.isEmpty else { return }
    report.problems.append(
      .init(
        folder: folder.title, message: "\(side) \(update.key)",
        reason: "\(missing) cannot be set: the file's name would be too long, or another file has it"))
  }

  /// Those that no other pass has moved to its folder meanwhile, where they may bear other flags by now.
  private func here<Value>(
    _ states: [PairID: Value]
  ) throws(StoreError) -> [(record: PairRecord, state: Value)] {
    try context.withLedger { ledger throws(LedgerError) in
      var here: [(record: PairRecord, state: Value)] = []
      for (id, state) in states.sorted(by: { $0.key < $1.key }) {
        guard let record = try ledger.record(of: id), record.folder == folder.id else { continue }
        here.append((record, state))
      }
      return here
    }
  }

  private func further(_ states: [(record: PairRecord, state: State)]) -> Sides<[Update]> {
    var updates = Sides<[Update]>(near: [], far: [])
    for (record, state) in states {
      let merged = mergeFlags(base: state.base, seen: state.shown)
      for side in Side.allCases where !merged[side].isEmpty {
        updates[side].append(
          Update(
            pair: record.pair.id, key: record.pair[side].key, adding: merged[side].adding,
            removing: merged[side].removing, seen: state.shown, hidesKeywords: state.hidesKeywords[side]))
      }
    }
    return updates
  }
}

extension PassReport.Problem {
  fileprivate static func refusedFlags(_ count: Int, of folder: SyncedFolder, on side: Side, _ words: String) -> Self {
    .init(
      folder: folder.title,
      reason: "the \(side) side refuses new flags of \(counted(count, "message")): \(words); tried again later")
  }
}
