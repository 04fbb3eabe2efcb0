import Mail
import Ports
import Reconciliation

/// A folder that both sides had and one no longer has: removed on the other too, if nothing is lost by it.
///
/// Nothing is lost where the remaining folder is empty, or where every message in it that both sides had lives on
/// elsewhere (the folder was renamed, or its messages were moved before it went). What the other side never had stays, in
/// a folder that is new there. Otherwise the brake holds it until a person allows it (laws L8, L9).
@Loop
struct FolderRemoval {
  let context: AccountContext
  let options: PassOptions
  /// Folders that both sides have.
  let present: Set<FolderID>

  func run(_ folder: SyncedFolder, remaining side: Side) async throws(StoreError) -> PassReport {
    await folder.lock.acquire()
    defer { folder.lock.release() }
    var report = PassReport()
    do {
      if folder.olderCopies.contains(side.other) {
        try await bringAgain(folder, side, &report)
      } else {
        try await remove(folder, side, &report)
      }
    } catch {
      guard error.scope < .account else { throw error }
      report.note(error, of: folder.title)
    }
    return report
  }

  /// An older copy of the other side does not have it yet, and nobody has removed it there (law L8).
  private func bringAgain(
    _ folder: SyncedFolder, _ side: Side, _ report: inout PassReport
  ) async throws(StoreError) {
    guard try await context.isGone(folder.names[side.other], on: side.other) else { return }
    report.problems.append(
      .init(
        folder: folder.title, reason: "an older copy of the \(side.other) side lacks it; the next pass brings it again")
    )
    report.hasFoldersLeft = true
    try forgetBase(of: folder)
  }

  private func remove(
    _ folder: SyncedFolder, _ side: Side, _ report: inout PassReport
  ) async throws(StoreError) {
    guard try await context.isGone(folder.names[side.other], on: side.other) else { return }
    guard let look = try await lookUnlessBrokenOff(folder, side) else {
      return try await removeFolder(folder, side, &report)
    }
    guard look.coverage == .complete, look.unreadable.isEmpty else {
      throw StoreError(.folder, .refused, "the \(side) folder could not be listed completely; it is kept")
    }
    if !options.isDryRun {
      // Messages that the base knew under other numbers are no strangers for it (law L8).
      var looks = Sides(near: Look.nothing, far: Look.nothing)
      looks[side] = look
      let rematching = Rematching(context: context, folder: folder)
      _ = try await rematching.run(looks, rematching.renumbered(looks))
    }
    // Made anew, it has other messages under the base's numbers (law L8).
    var known = folder.numbersOn(as: look.numbering, on: side) ? try await knownRecords(in: look, folder, side) : []
    // Another folder's pass may be moving some of them to it.
    let pairs = Set(known.map(\.pair.id))
    await context.claims.claim(pairs)
    defer { context.claims.release(pairs) }
    guard try areStill(known, in: folder) else {
      throw StoreError(.folder, .unavailable, "messages are being moved out of the \(side) folder; tried again later")
    }
    known += try await halfBrought(look, known, folder, side)
    let strangers = look.present.count - known.count
    if !look.present.isEmpty {
      let isKnownElsewhere = try await areAllElsewhere(known, folder, side)
      guard options.allowsDeletions || isKnownElsewhere else {
        let held = PassReport.Held(
          folder: folder.title, side: side, deletions: look.present.count, total: look.present.count,
          wholeFolder: true)
        report.held.append(held)
        folder.held = [held]
        // Also where somebody makes the folder again, with less in it.
        if !options.isDryRun {
          try BrakeMemory(context: context, folder: folder, side: side).hold()
          try HeldMemory.note(folder, in: context)
        }
        // What its passes saw go is judged here, and no concern of other folders' deletions.
        context.forgetWaitingDeletions(in: folder.id)
        return
      }
    }
    if options.isDryRun {
      report.plan.append("remove \(side) folder \(printable("\(folder.names[side])"))")
      report.planned.append(PlannedWork(folder: folder.title, side: side, kind: .remove, count: look.present.count))
      return
    }
    let found = try await EditedFiles(context: context, folder: folder, side: side).keep(known)
    guard try await dispose(found, of: folder, side, &report) else { return }
    try await leave(folder, side, with: strangers + found.edited, &report)
  }

  /// What is to become of the folder itself, now that all that both sides had is gone from it.
  private func leave(
    _ folder: SyncedFolder, _ side: Side, with strangers: Int, _ report: inout PassReport
  ) async throws(StoreError) {
    if strangers == 0, mustStay(folder, side) {
      try await context.stores[side.other].createFolder(folder.names[side.other])
      report.foldersCreated[side.other].append(folder.names[side.other])
      return
    }
    if strangers == 0 {
      return try await removeFolder(folder, side, &report)
    }
    report.problems.append(.init(folder: folder.title, reason: Self.strangersStay(strangers, side)))
    try forgetBase(of: folder)
  }

  /// The next pass finds the folder as one that only one side has. In one go: stopped half-way, a folder that is there and
  /// has a base would be held again (law L5).
  private func forgetBase(of folder: SyncedFolder) throws(StoreError) {
    context.needsListing = true
    context.folders.remove(folder.id)
    try context.forgetMemories(of: folder.id)
    try context.withLedger { ledger throws(LedgerError) in try ledger.removeFolder(folder.id) }
  }

  /// False where some of them are still there: without a base they would be new, and brought over once more (law L3).
  private func dispose(
    _ found: EditedFiles.Outcome, of folder: SyncedFolder, _ side: Side, _ report: inout PassReport
  ) async throws(StoreError) -> Bool {
    let known = found.unchanged
    let disposal = Disposal(context: context, folder: folder, side: side)
    await disposal.begin()
    defer { disposal.end() }
    let deletion = known.isEmpty ? Deletion() : try await disposal.run(known, .folderGone, options)
    report.counts[side].deleted += deletion.gone.count
    // At once: should the folder itself stay, its base must not tell of messages that are gone.
    let gone = known.filter { deletion.gone.contains($0.pair[side].key) }
    for portion in gone.portions(of: AccountContext.pairsAtOnce) {
      try context.commitDurably(portion.flatMap { [.removePair($0.pair.id)] + disposal.remember($0, deletion) })
      await Task.yield()
    }
    let left = known.count - gone.count + found.undecided
    if left > 0 { report.problems.append(.left(left, of: folder, on: side, deletion.refusal)) }
    return left == 0
  }

  private func areStill(_ records: [PairRecord], in folder: SyncedFolder) throws(StoreError) -> Bool {
    try context.withLedger { ledger throws(LedgerError) in
      for record in records where try ledger.record(of: record.pair.id) != record { return false }
      return true
    }
  }

  /// Nil where a removal of ours was broken off: what it left is no whole folder any more, and shows nothing. The store
  /// removes nothing that holds a message, whatever the base says of it (laws L1, L5).
  private func lookUnlessBrokenOff(_ folder: SyncedFolder, _ side: Side) async throws(StoreError) -> Look? {
    let mayFinish = !options.isDryRun && context.stores[side].isLocal
    do {
      let look = try await context.stores[side].look(at: folder.names[side], .wide(since: nil))
      folder.checkNumbering(look.numbering, on: side)
      let isRemnant = look.missingPart != nil && look.present.isEmpty && look.unreadable.isEmpty
      return mayFinish && isRemnant ? nil : look
    } catch {
      guard mayFinish, error.kind == .gone else { throw error }
      return nil
    }
  }

  private func removeFolder(
    _ folder: SyncedFolder, _ side: Side, _ report: inout PassReport
  ) async throws(StoreError) {
    try await context.stores[side].removeFolder(folder.names[side])
    report.foldersRemoved[side].append(folder.names[side])
    try await context.forget(folder.id)
  }

  /// No server removes its INBOX, and many take what is below a folder with it, against RFC 9051 §6.3.5. So there it
  /// stays, and is made again on the other side: both are equal again, and nothing was at risk.
  private func mustStay(_ folder: SyncedFolder, _ side: Side) -> Bool {
    guard !context.stores[side].isLocal else { return false }
    return folder.names[side].isInbox || context.folders.all.contains { $0.names[side].isBelow(folder.names[side]) }
  }

  /// What was never on the other side was deleted by nobody there (law L1). Without its base the folder is a new one.
  private static func strangersStay(_ count: Int, _ side: Side) -> String {
    counted(count, "message") + " that only the \(side) side has: kept; the next pass "
      + "makes the folder anew on the other side"
  }

  /// Of the messages that are there, those that both sides had.
  private func knownRecords(
    in look: Look, _ folder: SyncedFolder, _ side: Side
  ) async throws(StoreError) -> [PairRecord] {
    var known: [PairRecord] = []
    var last: MessageKey?
    while true {
      let records = try context.withLedger { ledger throws(LedgerError) in
        try ledger.records(in: folder.id, behind: last, limit: AccountContext.pairsAtOnce)
      }
      guard let end = records.last else { return known }
      known += records.filter { look.present[$0.pair[side].key] != nil }
      last = end.pair[.near].key
      await Task.yield()
    }
  }

  /// Messages that martlet brought from the folder that is gone now, without coming to tell the base: its notes know
  /// them. They bear no pair's number, but one below all of these.
  private func halfBrought(
    _ look: Look, _ known: [PairRecord], _ folder: SyncedFolder, _ side: Side
  ) async throws(StoreError) -> [PairRecord] {
    let strangers = Set(look.present.keys).subtracting(known.map { $0.pair[side].key })
    let intents = try context.withLedger { ledger throws(LedgerError) in try ledger.intents(in: folder.id) }
    var notes = intents.map(\.draft).filter { $0.target == side }
    guard !strangers.isEmpty, !notes.isEmpty else { return [] }
    let found = try await context.stores[side].identify(strangers.sorted(), in: folder.names[side])
    return found.sorted { $0.key < $1.key }.compactMap { key, message in
      let note = notes.firstIndex { note in
        note.reserved.map { $0 == key } ?? (note.identity?.digest == message.identity.digest)
      }
      guard let note else { return nil }
      var sightings = Sides(near: notes[note].source, far: notes[note].source)
      sightings[side] = Sighting(key: key, flags: look.present[key]?.flags ?? .none)
      notes.remove(at: note)
      return PairRecord(
        folder: folder.id, pair: Pair(id: PairID(rawValue: 0), near: sightings.near, far: sightings.far),
        identity: message.identity, date: message.date)
    }
  }

  /// True where each message lives on in another folder of both sides, to which it came since this one was last seen whole,
  /// and is to be seen there on this side: what the base says of that folder may be what this one has become.
  private func areAllElsewhere(
    _ records: [PairRecord], _ folder: SyncedFolder, _ side: Side
  ) async throws(StoreError) -> Bool {
    // A disk that is not mounted is no folder that somebody removed (law L8).
    guard try !FolderMount(context: context, folder: folder, side: side.other).wasOwn() else { return false }
    let lastPair = try context.withLedger { ledger throws(LedgerError) in
      try ledger.folders().first { $0.id == folder.id }?.lastPair
    }
    var heirs = Heirs(context: context, side: side, in: present.subtracting([folder.id]), since: lastPair)
    var keys: [FolderID: Set<MessageKey>] = [:]
    for portion in records.portions(of: AccountContext.pairsAtOnce) {
      for record in portion {
        guard let heir = try heirs.takeOne(for: record) else { return false }
        keys[heir.folder, default: []].insert(heir.pair[side].key)
      }
      await Task.yield()
    }
    for (id, keys) in keys.sorted(by: { $0.key < $1.key }) {
      guard let other = context.folders[id] else { return false }
      let look = try await context.stores[side].look(at: other.names[side], .messages(keys))
      guard keys.allSatisfy({ look.present[$0] != nil }) else { return false }
    }
    return true
  }
}
