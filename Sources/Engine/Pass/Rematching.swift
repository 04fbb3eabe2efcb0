import Mail
import Ports
import Reconciliation

/// A mailbox whose UIDs are not the ledger's: it has another UIDVALIDITY, or was put back from a backup, so that it gives
/// out numbers anew which it had given out before. The old ones mean nothing any more, and nothing is read as deleted (law
/// L8). The pairs are matched anew by identity; what stays unmatched on either side is new to the other.
@Loop
struct Rematching {
  let context: AccountContext
  let folder: SyncedFolder

  /// The sides on which the base's numbers are not those of the look.
  func renumbered(_ looks: Sides<Look>) throws(StoreError) -> Set<Side> {
    var sides: Set<Side> = []
    for side in Side.allCases where try isRenumbered(looks[side], side) { sides.insert(side) }
    return sides.union(folder.olderCopies)
  }

  private func isRenumbered(_ look: Look, _ side: Side) throws(StoreError) -> Bool {
    guard case .imap(let now)? = look.numbering, let then = folder.checkpoints[side] else { return false }
    guard case .imap(let before) = then, now.numbersOn(from: before) else { return true }
    if let next = look.toldUIDNext {
      let given = try context.withLedger { ledger throws(LedgerError) in
        try ledger.uids(in: folder.id, side: side, from: next)
      }
      if !given.isEmpty { return true }
    }
    guard now.highestModSeq < before.highestModSeq else { return false }
    return try isContradicted(look, side)
  }

  /// True where a message with a number of the base's is another one, by its Message-ID.
  private func isContradicted(_ look: Look, _ side: Side) throws(StoreError) -> Bool {
    try records().contains { record in
      guard let shown = look.present[record.pair[side].key]?.traits?.messageID, let known = record.identity.messageID
      else { return false }
      return shown != known
    }
  }

  /// `renumbered` is what that said of these looks. Answers the sides whose messages lost partners by it: they have to be
  /// looked at whole, and their checkpoints are void.
  func run(_ looks: Sides<Look>, _ renumbered: Set<Side>) async throws(StoreError) -> Set<Side> {
    var bereft: Set<Side> = []
    for side in Side.allCases {
      if folder.olderCopies.contains(side) {
        bereft.formUnion(try await OlderCopy(context: context, folder: folder, side: side).settle(looks[side]))
      }
      guard case .imap(let now)? = looks[side].checkpoint else { continue }
      if folder.checkpoints[side] == nil {
        try recordValidity(now, side, [])
      } else if renumbered.contains(side) {
        var changes = try await matchAnew(looks[side], side)
        if changes.contains(where: \.removesPair) {
          changes.append(.setCheckpoint(folder.id, side.other, folder.checkpoints[side.other]?.void))
          bereft.insert(side.other)
        }
        try recordValidity(now, side, changes)
        if bereft.contains(side.other) { folder.checkpoints[side.other] = folder.checkpoints[side.other]?.void }
      }
    }
    return bereft
  }

  /// Vouches for the numbering alone, before the first pair is recorded under it.
  private func recordValidity(
    _ now: MailboxCheckpoint, _ side: Side, _ changes: [LedgerChange]
  ) throws(StoreError) {
    let stub = Checkpoint.imap(now.void)
    try context.commit(changes + [.setCheckpoint(folder.id, side, stub)])
    folder.checkpoints[side] = stub
  }

  private func matchAnew(_ look: Look, _ side: Side) async throws(StoreError) -> [LedgerChange] {
    guard look.coverage == .complete else {
      throw StoreError(
        .folder, .internalFault, "\(folder.title): its numbering changed, and the listing is not complete")
    }
    let pairs = Set(try records().map(\.pair.id))
    // Another folder's pass may be moving some of them to it, and has them as its own afterwards.
    await context.claims.claim(pairs)
    defer { context.claims.release(pairs) }
    let records = try records().filter { pairs.contains($0.pair.id) }
    // What was being moved away when the connection ended may be gone, and what is like it here another message (law L1).
    let leaving = try pairsOnTheMove(on: side)
    var unpaired = records.filter { !leaving.contains($0.pair.id) }.map { record in
      Candidate(
        key: record.pair[side.other].key, wireSize: record.identity.wireSize, messageID: record.identity.messageID,
        date: record.date, digest: record.identity.digest)
    }
    var arrived = look.present.sorted { $0.key < $1.key }.map { Candidate($0.key, $0.value) }
    var matching = match(unpaired, arrived, side)
    if !matching.undecided[side].isEmpty {
      let read = try await context.stores[side].identify(matching.undecided[side], in: folder.names[side])
      for index in arrived.indices { arrived[index].digest = read[arrived[index].key]?.identity.digest }
      matching = match(unpaired, arrived, side)
    }
    unpaired.removeAll()
    let partner = Dictionary(
      matching.matched.map { side == .far ? ($0.near, $0.far) : ($0.far, $0.near) },
      uniquingKeysWith: { first, _ in first })
    // What was set aside under an old number says nothing of the message that has it now.
    let aside = try context.withLedger { ledger throws(LedgerError) in try ledger.setAside(in: folder.id) }
    var removals = aside.filter { $0.side == side }.map { LedgerChange.clearSetAside(folder.id, side, $0.key) }
    // Nor does an intent, whichever its direction: what it left behind is known by its identity.
    let intents = try context.withLedger { ledger throws(LedgerError) in try ledger.intents(in: folder.id) }
    removals += intents.map { .removeIntent($0.id) }
    var relocations: [LedgerChange] = []
    for record in records {
      guard !leaving.contains(record.pair.id), let key = partner[record.pair[side.other].key] else {
        removals.append(.removePair(record.pair.id))
        continue
      }
      var pair = record.pair
      pair[side].key = key
      relocations.append(.relocate(pair.id, to: folder.id, near: pair[.near], far: pair[.far]))
    }
    // Numbers are free only where their former owners are gone.
    return removals + relocations
  }

  private func pairsOnTheMove(on side: Side) throws(StoreError) -> Set<PairID> {
    try context.withLedger { ledger throws(LedgerError) in
      var pairs: Set<PairID> = []
      for folder in context.folders.all {
        for draft in try ledger.intents(in: folder.id).map(\.draft) where draft.target == side {
          if let pair = draft.moved { pairs.insert(pair) }
        }
      }
      return pairs
    }
  }

  private func records() throws(StoreError) -> [PairRecord] {
    try context.withLedger { ledger throws(LedgerError) in try ledger.records(in: folder.id) }
  }

  private func match(_ unpaired: [Candidate], _ arrived: [Candidate], _ side: Side) -> Matching {
    side == .far ? Matching(near: unpaired, far: arrived) : Matching(near: arrived, far: unpaired)
  }
}

extension LedgerChange {
  fileprivate var removesPair: Bool { if case .removePair = self { true } else { false } }
}

extension Checkpoint {
  /// Proves nothing of the messages; a mailbox's still tells under which numbering its keys are.
  var void: Checkpoint? {
    switch self {
    case .imap(let mailbox): .imap(mailbox.void)
    case .maildir: nil
    }
  }
}

extension MailboxCheckpoint {
  fileprivate var void: MailboxCheckpoint {
    MailboxCheckpoint(uidValidity: uidValidity, uidNext: .first, highestModSeq: .none, messageCount: 0)
  }
}

extension Candidate {
  init(_ key: MessageKey, _ observation: Observation, identified: Identified? = nil) {
    self.init(
      key: key, wireSize: identified?.identity.wireSize ?? observation.traits?.wireSize,
      messageID: identified?.identity.messageID ?? observation.traits?.messageID,
      date: observation.traits?.date ?? identified?.date,
      digest: identified?.identity.digest)
  }
}
