import Mail
import Ports
import Reconciliation

/// Finds partners for messages that seem new but are not: what an interrupted delivery left behind (its intent tells),
/// and messages that both sides got by another way. Nothing is transferred that is already there (law L3).
@Loop
struct ArrivalLinking {
  let context: AccountContext
  let folder: SyncedFolder
  let looks: Sides<Look>
  let scopes: Sides<LookScope?>
  /// Sides that show so little that the brake holds: what a delivery left there may be there all the same.
  var doubted: Set<Side> = []

  /// Some file systems keep every other second of a date, no more.
  private static let dateStepSeconds = 2

  struct Outcome {
    var didLink = false
    /// Messages that must not be sent yet, lest they be there twice: they were on their way to a side that is doubted now,
    /// or may be the same as one there that cannot be read just now.
    var waiting = Sides<Set<MessageKey>>(near: [], far: [])
    var problems: [PassReport.Problem] = []
    /// Pairs of other folders are this one's now: what is deleted here may be there again.
    var didRelocate = false
    /// Identities read on the way, for those that need them next.
    var identified = Sides<[MessageKey: Identified]>(near: [:], far: [:])
    /// Local messages that could not be read: whether they are new, nobody knows.
    var unread = Sides<Set<MessageKey>>(near: [], far: [])
  }

  func run(_ arrivals: Sides<[Arrival]>) async throws(StoreError) -> Outcome {
    var outcome = Outcome()
    var remaining = arrivals
    try await resolveIntents(&remaining, &outcome)
    try await matchRemaining(remaining, &outcome)
    return outcome
  }

  // MARK: Intents

  private func resolveIntents(
    _ remaining: inout Sides<[Arrival]>, _ outcome: inout Outcome
  ) async throws(StoreError) {
    let intents = try context.withLedger { ledger throws(LedgerError) in try ledger.intents(in: folder.id) }
    // Their old folders' passes must not take them meanwhile.
    let moved = Set(intents.compactMap(\.draft.moved))
    await context.claims.claim(moved)
    defer { context.claims.release(moved) }
    var changes: [LedgerChange] = []
    // One message may have several: a copy was tried, and then it was sent.
    var linked = Sides<Set<MessageKey>>(near: [], far: [])
    for intent in intents {
      let target = intent.draft.target
      // Only a wide look could have shown what the delivery left.
      guard scopes[target]?.isWide == true else { continue }
      let source = intent.draft.source.key
      let isPaired = try context.hasPair(source, on: target.other, in: folder.id)
      let isSettled = isPaired || linked[target.other].contains(source)
      var traced: (Arrival, Identified)?
      switch try await isSettled ? .nothing : trace(intent.draft, among: remaining[target], &outcome.identified[target])
      {
      case .nothing: break
      case .found(let arrival, let found): traced = (arrival, found)
      case .unreadable(let arrival):
        putOff(intent.draft, arrival, &outcome)
        continue
      }
      if traced == nil, !isSettled, try mayBeElsewhere(intent.draft) {
        outcome.waiting[target.other].insert(source)
        continue
      }
      let shown = remaining[target.other].first { $0.key == source }?.observation
      let isSame: Bool? =
        if traced == nil || shown == nil { true } else { try await isStillSource(intent.draft, &outcome) }
      guard let isSame else {
        putOff(intent.draft, traced?.0, &outcome)
        continue
      }
      changes.append(.removeIntent(intent.id))
      guard let (arrival, found) = traced, isSame else { continue }
      changes += try await link(intent.draft, shown, arrival, found, &outcome)
      linked[target].insert(arrival.key)
      linked[target.other].insert(source)
      remaining[target].removeAll { $0.key == arrival.key }
      remaining[target.other].removeAll { $0.key == source }
      outcome.didLink = true
    }
    if outcome.didRelocate { try context.commitDurably(changes) } else { try context.commit(changes) }
  }

  /// What the base is told of an interrupted step that had come to its end.
  private func link(
    _ draft: IntentDraft, _ shown: Observation?, _ arrival: Arrival, _ found: Identified, _ outcome: inout Outcome
  ) async throws(StoreError) -> [LedgerChange] {
    let (target, source) = (draft.target, draft.source.key)
    try await context.stores[target].secure([arrival.key], in: folder.names[target])
    try await context.stores[target.other].secure([source], in: folder.names[target.other])
    let (near, far) = sightings(draft, shown, arrival)
    var changes: [LedgerChange] = []
    if let original = try await movedHere(draft) {
      changes += leave(original, target.other)
      changes.append(.relocate(original.pair.id, to: folder.id, near: near, far: far))
      outcome.didRelocate = true
    } else {
      changes.append(
        .addPair(folder.id, near: near, far: far, identity: found.identity, date: draft.date ?? found.date))
    }
    changes.append(.clearSetAside(folder.id, target.other, source))
    changes.append(.clearSetAside(folder.id, target, arrival.key))
    return changes
  }

  /// The source cannot be read, or what was made of it: whether they are one, is for a later pass to see.
  private func putOff(_ draft: IntentDraft, _ arrival: Arrival?, _ outcome: inout Outcome) {
    let (target, source) = (draft.target, draft.source.key)
    outcome.problems.append(
      .init(
        folder: folder.title, message: "\(target.other) \(source)",
        reason: "cannot be read, and so not be told from what was sent of it; tried again soon"))
    outcome.waiting[target.other].insert(source)
    if let arrival { outcome.waiting[target].insert(arrival.key) }
  }

  /// True where what the delivery left may just not be shown, or where another client may have moved it to a folder that
  /// is yet to be looked at. A copy has an original, of which another one is made.
  private func mayBeElsewhere(_ draft: IntentDraft) throws(StoreError) -> Bool {
    if doubted.contains(draft.target) { return true }
    guard !context.hasLookedForStrays, draft.target == .far, context.stores.near.isLocal,
      context.folders.all.count > 1, let digest = draft.identity?.digest
    else { return false }
    return try context.withLedger { ledger throws(LedgerError) in try ledger.records(digest: digest).isEmpty }
  }

  private enum Trace {
    case nothing
    case found(Arrival, Identified)
    /// It may be this one, which cannot be read just now.
    case unreadable(Arrival)
  }

  /// The message that the interrupted delivery stored, if it did. What is read for one intent is read for all of them.
  private func trace(
    _ draft: IntentDraft, among arrivals: [Arrival], _ identified: inout [MessageKey: Identified]
  ) async throws(StoreError) -> Trace {
    var unreadable: Arrival?
    for arrival in arrivals where isPossible(arrival, draft) {
      if identified[arrival.key] == nil {
        let read = try await context.stores[draft.target].identify([arrival.key], in: folder.names[draft.target])
        identified[arrival.key] = read[arrival.key]
      }
      guard let found = identified[arrival.key] else {
        unreadable = arrival
        continue
      }
      // A name that we chose ourselves can be no other's, but somebody may have written over the file.
      let isIt = draft.reserved == nil ? found.identity.digest == draft.identity?.digest : isDated(found, as: draft)
      if isIt { return .found(arrival, found) }
    }
    return unreadable.map(Trace.unreadable) ?? .nothing
  }

  /// What is written has the time of that: it is another message than the one that was brought, and does not go with it
  /// (law L1).
  private func isDated(_ found: Identified, as draft: IntentDraft) -> Bool {
    guard let date = found.date, let expected = draft.date else { return true }
    return (date.secondsSince1970 &- expected.secondsSince1970).magnitude <= Self.dateStepSeconds
  }

  /// False where the source has become another message: what a power cut left of a file that could not be brought to the
  /// disk. Nil where it cannot be read just now.
  private func isStillSource(_ draft: IntentDraft, _ outcome: inout Outcome) async throws(StoreError) -> Bool? {
    let (side, key) = (draft.target.other, draft.source.key)
    guard context.stores[side].isLocal, let expected = draft.identity else { return true }
    if outcome.identified[side][key] == nil {
      outcome.identified[side][key] = try await context.stores[side].identify([key], in: folder.names[side])[key]
    }
    return outcome.identified[side][key].map { $0.identity.digest == expected.digest }
  }

  private func isPossible(_ arrival: Arrival, _ draft: IntentDraft) -> Bool {
    if let reserved = draft.reserved { return arrival.key == reserved }
    guard let expected = draft.identity else { return false }
    if let uid = arrival.key.uid, let lowest = draft.uidNext, uid < lowest { return false }
    guard let traits = arrival.observation.traits else { return true }
    return traits.messageID == expected.messageID || traits.wireSize == expected.wireSize
  }

  /// The pair whose message the interrupted step has moved here. It is gone from its old place by our own doing, and
  /// whoever has put it back there on the other side meanwhile is not to lose it for that (law L1).
  private func movedHere(_ draft: IntentDraft) async throws(StoreError) -> PairRecord? {
    guard let moved = draft.moved,
      let record = try context.withLedger({ ledger throws(LedgerError) in try ledger.record(of: moved) }),
      record.folder != folder.id, let origin = context.folders[record.folder],
      try await isGone(record.pair[draft.target].key, from: origin, on: draft.target)
    else { return nil }
    return record
  }

  /// Only a look at everything tells whether the folder's numbers are still the base's, where nothing has yet (law L8).
  private func isGone(_ key: MessageKey, from origin: SyncedFolder, on side: Side) async throws(StoreError) -> Bool {
    let isKnown = origin.isConfirmed || origin.knownNumbers.contains(side)
    do {
      let look = try await context.stores[side].look(at: origin.names[side], isKnown ? .messages([key]) : .glance)
      guard isKnown || origin.numbersOn(as: look.numbering, on: side) else {
        // Under another numbering it would be matched with what is like it there, which may be another message (law L1).
        if case .imap? = look.numbering { return true }
        return false
      }
      return look.shows(gone: key)
    } catch {
      // The old folder cannot be looked at: nothing is known to be gone from it.
      guard error.scope < .account else { throw error }
      return false
    }
  }

  /// Takes a pair from its folder: what of it is still there is without a partner, which only a look at everything shows.
  private func leave(_ original: PairRecord, _ side: Side) -> [LedgerChange] {
    guard let origin = context.folders[original.folder] else { return [] }
    origin.depart(original.pair)
    return [origin.bereave(side)]
  }

  private func sightings(
    _ draft: IntentDraft, _ source: Observation?, _ arrival: Arrival
  ) -> (near: Sighting, far: Sighting) {
    // Both sides have in common what the step brought and the target shows. What either shows beside is still to be
    // followed: a copy bears its original's flags and not yet its source's, and others may have marked it since (law
    // L6). But not a mark of deletion, which a copy may have from its original (law L1).
    let shown = arrival.observation.flags
    var common = draft.source.flags.intersection(shown)
    if shown.system.contains(.deleted) { common.system.insert(.deleted) }
    if let source, source.hidesKeywords {
      // Nor was a keyword taken away that cannot be told there; what the target shows of them is brought back.
      common = common.intersection(FlagSet(.all, keywords: source.flags.keywords))
    }
    let original = Sighting(key: draft.source.key, flags: common)
    var sightings = Sides(near: original, far: original)
    sightings[draft.target] = Sighting(key: arrival.key, flags: common)
    return (sightings.near, sightings.far)
  }
}
