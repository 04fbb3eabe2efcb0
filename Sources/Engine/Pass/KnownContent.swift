import Mail
import Ports
import Reconciliation

/// Places arrivals without a transfer, where the target store already holds the same message: in another folder (a
/// copy, or a move whose old place is already empty on the source side), or among what it deleted a moment ago.
@Loop
struct KnownContent {
  let context: AccountContext
  let folder: SyncedFolder
  let source: Side

  var target: Side { source.other }
  private var intents: DeliveryIntents { DeliveryIntents(context: context, folder: folder, target: target) }

  /// The keys that were placed, and what it took.
  func run(_ parcels: [Parcel]) async throws(StoreError) -> (Set<MessageKey>, PassReport) {
    var placed: Set<MessageKey> = []
    var report = PassReport()
    for (origin, found) in try originals(of: parcels).sorted(by: { $0.key < $1.key }) {
      do throws(StoreError) {
        try await place(found, from: origin, &placed, &report)
      } catch {
        // A folder that cannot be copied from keeps no other from syncing (law L11): the content is transferred.
        guard error.scope < .account, try await isUnusable(origin, found) else { throw error }
      }
    }
    if source == .far, !context.interrupted.isEmpty {
      let strays = StrayDeliveries(context: context, folder: folder)
      let reclaimed = try await strays.reclaim(parcels.filter { !placed.contains($0.arrival.key) })
      report.counts.near.moved += reclaimed.count
      placed.formUnion(reclaimed)
    }
    try await restore(parcels.filter { !placed.contains($0.arrival.key) }, &placed, &report)
    return (placed, report)
  }

  private struct Known {
    let parcel: Parcel
    let original: PairRecord

    /// With what is known of the original, and what a copy has of it on `target`.
    func expected(on target: Side) -> Parcel {
      let marked = parcel.marked(original.pair[target].flags)
      return Parcel(arrival: marked.arrival, identity: original.identity, date: parcel.date ?? original.date)
    }
  }

  // MARK: Finding

  /// For each parcel whose content the base knows, where; by the folder that holds it.
  private func originals(of parcels: [Parcel]) throws(StoreError) -> [FolderID: [Known]] {
    var found: [FolderID: [Known]] = [:]
    var used: Set<PairID> = []
    for parcel in parcels {
      guard let original = try original(of: parcel, notIn: used) else { continue }
      used.insert(original.pair.id)
      found[original.folder, default: []].append(Known(parcel: parcel, original: original))
    }
    return found
  }

  private func original(of parcel: Parcel, notIn used: Set<PairID>) throws(StoreError) -> PairRecord? {
    let records = try known(parcel)
    let usable = records.filter { record in
      guard !used.contains(record.pair.id), let origin = context.folders[record.folder] else { return false }
      return hasKnownNumbers(origin)
    }
    guard let movedFrom = parcel.arrival.observation.traits?.movedFrom else { return usable.first }
    return usable.first { isOrigin($0, movedFrom) } ?? usable.first
  }

  /// Otherwise a number may mean another message by now (law L8).
  private func hasKnownNumbers(_ origin: SyncedFolder) -> Bool {
    origin.isConfirmed || origin.knownNumbers.contains(target) || origin.id == folder.id
  }

  private func known(_ parcel: Parcel) throws(StoreError) -> [PairRecord] {
    if let identity = parcel.identity {
      return try context.withLedger { ledger throws(LedgerError) in try ledger.records(digest: identity.digest) }
    }
    guard let traits = DatedTraits(parcel.arrival.observation) else { return [] }
    let (records, areOne) = try like(traits)
    // In one folder, two alike are rather one that came twice, by two ways and with other trace fields.
    return areOne ? records.filter { $0.folder != folder.id } : []
  }

  /// Pairs of any folder with these traits. Without a digest only all three together are believed, and only where
  /// everything that bears them is one message: two may have come in one second (law L1).
  private func like(_ traits: DatedTraits) throws(StoreError) -> (records: [PairRecord], areOne: Bool) {
    try context.withLedger { ledger throws(LedgerError) in
      let records = try ledger.records(wireSize: traits.wireSize, messageID: traits.messageID)
        .filter { $0.date == traits.date }
      let digests = try context.limbo.digests(of: traits, in: ledger).union(records.map(\.identity.digest))
      return (records, digests.count <= 1)
    }
  }

  private func isOrigin(_ record: PairRecord, _ movedFrom: MovedFrom) -> Bool {
    record.pair[source].key == movedFrom.key && context.folders[record.folder]?.names[source] == movedFrom.folder
  }

  /// True where even a look at the folder fails, and nothing was copied from it before it began to.
  private func isUnusable(_ origin: FolderID, _ known: [Known]) async throws(StoreError) -> Bool {
    guard let folder = context.folders[origin] else { return true }
    let keys = Set(known.prefix(1).map(\.original.pair[target].key))
    do throws(StoreError) {
      _ = try await context.stores[target].look(at: folder.names[target], .messages(keys))
      return false
    } catch {
      guard error.scope < .account else { throw error }
      return try await !mayHaveArrived(known)
    }
  }

  /// True where the folder has new messages that may be copies of these: sent, they would be there twice (law L3).
  private func mayHaveArrived(_ known: [Known]) async throws(StoreError) -> Bool {
    let store = context.stores[target]
    let look = try await store.look(at: folder.names[target], .glance)
    guard !look.isPartial else { return true }
    let there = look.present
    let paired = try context.partnered(Set(there.keys), on: target, in: folder.id)
    let names = Set(known.map(\.original.identity.messageID))
    let suspects = there.filter { key, message in
      !paired.contains(key) && (store.isLocal || names.contains(message.traits?.messageID))
    }
    let read = try await store.identify(suspects.keys.sorted(), in: folder.names[target])
    let digests = Set(known.map(\.original.identity.digest))
    let isInDoubt = !store.isLocal && read.count < suspects.count
    return isInDoubt || read.values.contains { digests.contains($0.identity.digest) }
  }

  // MARK: Placing

  private func place(
    _ known: [Known], from origin: FolderID, _ placed: inout Set<MessageKey>, _ report: inout PassReport
  ) async throws(StoreError) {
    guard let originFolder = context.folders[origin] else { return }
    let claimed = Set(known.map(\.original.pair.id))
    await context.claims.claim(claimed)
    defer { context.claims.release(claimed) }
    // While waiting for the claim, another pass may have moved or deleted some of them.
    let current = try await withKeywords(try await whole(try unchanged(known), originFolder), originFolder)
    let moving = try await emptied(current, originFolder)
    guard hasKnownNumbers(originFolder) else { return }
    var (moves, copies) = (
      current.filter { moving.contains($0.original.pair.id) }, current.filter { !moving.contains($0.original.pair.id) }
    )
    let store = context.stores[target]
    if !current.isEmpty {
      // As with a transfer: what a power cut undid would be taken for deleted, and its copy would go, too (laws L1, L4).
      try await context.stores[source].secure(current.map(\.parcel.arrival.key), in: folder.names[source])
      let moved = moves.map { ($0.parcel.arrival.key, $0.original.pair.id) }
      try intents.record(
        current.map { $0.expected(on: target) }, moved: Dictionary(moved, uniquingKeysWith: { first, _ in first }))
    }
    if !moves.isEmpty {
      let moved = try await store.move(
        moves.map(\.original.pair[target].key), from: originFolder.names[target], to: folder.names[target])
      // What stays in its old place for now was copied, or is: the pass over that folder deletes it there.
      let left = moves.filter { moved.left.contains($0.original.pair[target].key) }
      let copied = left.filter { moved.keys[$0.original.pair[target].key] != nil }
      copies += left.filter { moved.keys[$0.original.pair[target].key] == nil }
      moves.removeAll { moved.left.contains($0.original.pair[target].key) }
      report.counts[target].moved += moved.keys.count - copied.count
      try await record(moves, moved.keys, outOf: originFolder, &placed, &report) { known, near, far in
        .relocate(known.original.pair.id, to: folder.id, near: near, far: far)
      }
      try await record(copied: copied, moved.keys, &placed, &report)
    }
    if !copies.isEmpty, hasKnownNumbers(originFolder) {
      let keys = try await store.copy(
        copies.map(\.original.pair[target].key), from: originFolder.names[target], to: folder.names[target])
      try await record(copied: copies, keys, &placed, &report)
    }
  }

  private func record(
    copied: [Known], _ keys: [MessageKey: MessageKey], _ placed: inout Set<MessageKey>, _ report: inout PassReport
  ) async throws(StoreError) {
    report.counts[target].copied += copied.count { keys[$0.original.pair[target].key] != nil }
    try await record(copied, keys, &placed, &report) { known, near, far in
      .addPair(
        folder.id, near: near, far: far, identity: known.original.identity,
        date: known.parcel.date ?? known.original.date)
    }
  }

  private func unchanged(_ known: [Known]) throws(StoreError) -> [Known] {
    try context.withLedger { ledger throws(LedgerError) in
      var unchanged: [Known] = []
      for item in known where try ledger.record(of: item.original.pair.id) == item.original { unchanged.append(item) }
      return unchanged
    }
  }

  /// Those of which a local original still is the message that the base knows, and not what an editor, or a power cut, has
  /// made of its file since: a copy of that would be taken for the message that arrived (law L4). The others are brought.
  private func whole(_ known: [Known], _ origin: SyncedFolder) async throws(StoreError) -> [Known] {
    guard context.stores[target].isLocal, !known.isEmpty else { return known }
    let read = try await context.stores[target].identify(
      known.map(\.original.pair[target].key), in: origin.names[target])
    return known.filter { read[$0.original.pair[target].key]?.identity.digest == $0.original.identity.digest }
  }

  /// A file that was moved by its name keeps its keywords, although their letters are the old folder's.
  private func withKeywords(_ known: [Known], _ origin: SyncedFolder) async throws(StoreError) -> [Known] {
    let carried = known.filter {
      origin.id != folder.id && $0.original.pair[source].key == $0.parcel.arrival.key
    }
    guard !carried.isEmpty, try await !cameWhole(carried, origin) else { return known }
    let shown = try await context.stores[source].carryOver(
      Dictionary(
        carried.map { ($0.parcel.arrival.key, $0.original.pair[source].flags) }, uniquingKeysWith: { $1 }),
      from: origin.names[source], in: folder.names[source])
    return known.map { item in
      shown[item.parcel.arrival.key].map { Known(parcel: item.parcel.marked($0), original: item.original) } ?? item
    }
  }

  /// True where the folder was renamed: then its letters' meanings came with the files.
  private func cameWhole(_ known: [Known], _ origin: SyncedFolder) async throws(StoreError) -> Bool {
    guard folder.lastPass == nil else { return false }
    let keys = Set(known.prefix(1).map(\.parcel.arrival.key))
    do {
      _ = try await context.stores[source].look(at: origin.names[source], .messages(keys))
      return false
    } catch {
      guard error.scope < .account else { throw error }
      return error.kind == .gone
    }
  }

  /// Those whose old place on the source side is seen to be empty: a move, not a copy. Asked of local stores only; on
  /// a server the later expunge tells.
  private func emptied(_ known: [Known], _ origin: SyncedFolder) async throws(StoreError) -> Set<PairID> {
    guard context.stores[source].isLocal, origin.id != folder.id else { return [] }
    let keys = Set(known.map(\.original.pair[source].key))
    let look: Look
    do {
      look = try await context.stores[source].look(at: origin.names[source], .messages(keys))
    } catch {
      // The old folder cannot be looked at, so nothing is known to be gone from it: a copy is always right.
      guard error.scope < .account else { throw error }
      return []
    }
    return Set(known.filter { look.gone.contains($0.original.pair[source].key) }.map(\.original.pair.id))
  }

  /// The new message bears its source's flags: what the copy brought along is brought in line first. `origin` has them
  /// no more, where they were moved.
  private func record(
    _ known: [Known], _ keys: [MessageKey: MessageKey], outOf origin: SyncedFolder? = nil,
    _ placed: inout Set<MessageKey>, _ report: inout PassReport, change: (Known, Sighting, Sighting) -> LedgerChange
  ) async throws(StoreError) {
    var corrections: [FlagChange] = []
    var arrived: [(known: Known, key: MessageKey)] = []
    var shared: [(known: Known, key: MessageKey)] = []
    var taken = try context.partnered(Set(keys.values), on: target, in: folder.id)
    for item in known {
      guard let key = keys[item.original.pair[target].key] else { continue }
      guard taken.insert(key).inserted else {
        shared.append((item, key))
        continue
      }
      arrived.append((item, key))
      let (wanted, has) = (item.parcel.arrival.observation.flags, item.original.pair[target].flags)
      var (adding, removing) = (wanted.subtracting(has), has.subtracting(wanted))
      if !context.stores[target].isLocal {
        // A deletion that was broken off may have marked the original or not, whatever the base says; and a server's copy
        // bears that mark (laws L1, L6).
        if wanted.system.contains(.deleted) {
          adding.system.insert(.deleted)
        } else {
          removing.system.insert(.deleted)
        }
      }
      let correction = FlagChange(key: key, adding: adding, removing: removing)
      if !correction.adding.isEmpty || !correction.removing.isEmpty { corrections.append(correction) }
    }
    let shown = try await bringInLine(corrections)
    // A message that was not there any more has left no copy, and needs no note.
    var changes = try intents.removals(of: known.map(\.parcel))
    for (item, key) in arrived {
      let here = Sighting(key: item.parcel.arrival.key, flags: item.parcel.arrival.observation.flags)
      let has = item.original.pair[target].flags
      let there = Sighting(key: key, flags: Self.settled(here.flags, before: has, shown: shown[key]))
      changes.append(change(item, source == .near ? here : there, source == .near ? there : here))
      changes.append(.clearSetAside(folder.id, source, here.key))
    }
    // Moved, it is in its old place no more.
    if origin != nil { changes += shared.map { .removePair($0.known.original.pair.id) } }
    let aside = try SettingAside(context: context, folder: folder, side: source).run(
      shared.map { .init(key: $0.known.parcel.arrival.key, error: SettingAside.shared($0.key, context.stores[target])) }
    )
    changes += aside.changes
    report.problems += aside.problems
    let settled = (arrived + shared).map(\.known)
    if let origin, !settled.isEmpty {
      for item in settled { origin.depart(item.original.pair) }
      try context.commitDurably(changes + origin.distrust(source))
    } else {
      try context.commit(changes)
    }
    placed.formUnion(settled.map(\.parcel.arrival.key))
    report.merge(try await follow(shown))
  }

  /// How they are marked then. Of a copy whose marks the store refuses to change, the notes tell the next pass, which is
  /// about flags alone (law L6).
  private func bringInLine(_ copies: [FlagChange]) async throws(StoreError) -> [MessageKey: FlagSet] {
    guard !copies.isEmpty else { return [:] }
    let marked = try await context.stores[target].update(copies, in: folder.names[target])
    if let words = marked.refused.values.min() { throw StoreError(.folder, .refused, words) }
    return marked.shown
  }

  /// What is recorded of a message that was brought in line with its source; `shown` is nil where nothing was to be done,
  /// or nothing is to be seen of the message yet: what it bears besides is then found out by a look (law L6).
  private static func settled(_ wanted: FlagSet, before has: FlagSet, shown: FlagSet?) -> FlagSet {
    shown.map {
      settledFlags(before: has, adding: wanted.subtracting(has), removing: has.subtracting(wanted), shown: $0)
    } ?? wanted
  }

  /// Flags that a copy has from its original, and that were set on that since the base last heard of it: what showed
  /// them may be the last that tells of them.
  private func follow(_ shown: [MessageKey: FlagSet]) async throws(StoreError) -> PassReport {
    guard !shown.isEmpty else { return PassReport() }
    var looks = Sides(near: Look(coverage: .changes), far: Look(coverage: .changes))
    looks[target].present = shown.mapValues { Observation(flags: $0) }
    let pairs = try context.withLedger { ledger throws(LedgerError) in
      try ledger.pairs(in: folder.id, side: target, keys: Set(shown.keys))
    }
    let plan = reconcile(base: pairs, near: looks.near, far: looks.far)
    var outcome = try await FlagUpdating(context: context, folder: folder).run(plan)
    outcome.report.unread.formUnion(outcome.unfinished)
    return outcome.report
  }

  // MARK: Taking back

  private func restore(
    _ parcels: [Parcel], _ placed: inout Set<MessageKey>, _ report: inout PassReport
  ) async throws(StoreError) {
    guard target == .near else { return }
    for parcel in parcels {
      guard let traits = DatedTraits(parcel.arrival.observation), try like(traits).areOne,
        let entry = try context.withLedger({ ledger throws(LedgerError) in
          try context.limbo.take(traits, from: ledger)
        })
      else { continue }
      defer { context.limbo.giveBack([entry]) }
      let store = context.stores.near
      let isIt = try await store.identify(kept: [entry.key])[entry.key] == entry.identity.digest
      if isIt { try intents.record([Parcel(arrival: parcel.arrival, identity: entry.identity, date: entry.date)]) }
      let keys = isIt ? try await store.restore([entry.key], to: folder.names.near, taken: names(of: entry)) : [:]
      var changes: [LedgerChange] = [.removeLimbo(entry.key)] + (isIt ? try intents.removals(of: [parcel]) : [])
      if let key = keys[entry.key] {
        changes.append(try await pair(parcel, entry, key))
        changes.append(.clearSetAside(folder.id, source, parcel.arrival.key))
        placed.insert(parcel.arrival.key)
        report.counts.near.moved += 1
      }
      try context.commit(changes)
    }
  }

  /// What the base calls messages like it in this folder: one of these names may be its own, from another folder.
  private func names(of entry: LimboEntry) throws(StoreError) -> Set<MessageKey> {
    try context.withLedger { ledger throws(LedgerError) in
      let records = try ledger.records(digest: entry.identity.digest)
      return Set(records.filter { $0.folder == folder.id }.map(\.pair[.near].key))
    }
  }

  private func pair(_ parcel: Parcel, _ entry: LimboEntry, _ key: MessageKey) async throws(StoreError) -> LedgerChange {
    let wanted = parcel.arrival.observation.flags
    let has = try await context.stores.near.look(at: folder.names.near, .messages([key])).present[key]?.flags ?? .none
    let change = FlagChange(key: key, adding: wanted.subtracting(has), removing: has.subtracting(wanted))
    let shown = try await context.stores.near.update([change], in: folder.names.near).shown
    return .addPair(
      folder.id, near: Sighting(key: key, flags: Self.settled(wanted, before: has, shown: shown[key])),
      far: Sighting(key: parcel.arrival.key, flags: wanted), identity: entry.identity, date: entry.date)
  }
}
