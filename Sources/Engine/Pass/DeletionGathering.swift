import Mail
import Ports
import Reconciliation

/// Decides which of the deletions that passes have found are carried out now.
@Loop
struct DeletionGathering {
  /// Deletions in so short a time are no person's, one after another.
  private static let burst: Duration = .seconds(5)

  /// So many are looked up one by one, to see what was moved; where more go at once, a moment's wait is no matter.
  static let lookedUpMax = 500

  let context: AccountContext

  /// After the passes have advanced, and before any deletes. What a person allows does not wait; nor does what was moved
  /// to another folder: until it goes here, a person sees it twice.
  func run(_ passes: [FolderPass], areAllowed: Bool) async throws(StoreError) {
    if !areAllowed { for pass in passes { try await keepUnmade(pass) } }
    let now = context.clock.now
    for side in Side.allCases {
      var moved: [FolderID: Set<PairID>] = [:]
      for pass in passes {
        let elsewhere = try movedElsewhere(pass, side)
        moved[pass.folder.id] = elsewhere
        context.gathered[side].note(
          pass.removals(on: side).subtracting(elsewhere), in: pass.folder.id, isWhole: pass.showsWhole(side.other),
          at: now)
      }
      guard !areAllowed else { continue }
      let recent = context.deletions[side].recent(at: now, within: Self.burst)
      let areFew = context.gathered[side].count() + recent <= context.deletionRules.brake.freeCount
      let isCalm = context.gathered[side].rest(at: now) == .zero
      for pass in passes where !mayDecide(pass, side, areFew: areFew, isCalm: isCalm) {
        pass.postponeDeletions(side, but: moved[pass.folder.id] ?? [])
      }
    }
  }

  /// What lies in a folder now that could not be made on this side, has its only place here.
  private func keepUnmade(_ pass: FolderPass) async throws(StoreError) {
    for side in Side.allCases where !context.unmade.names(on: side.other).isEmpty {
      let removals = pass.removals(on: side).sorted()
      guard !removals.isEmpty else { continue }
      var records: [PairRecord] = []
      for portion in removals.portions(of: AccountContext.pairsAtOnce) {
        records += try self.records(portion)
        await Task.yield()
      }
      let store = context.stores[side.other]
      let kept = try await context.unmade.holding(records, on: side.other, of: store)
      for (name, pairs) in kept.sorted(by: { $0.key < $1.key }) {
        pass.keep(pairs, on: side, .unmade(pairs.count, of: pass.folder, in: name, side))
      }
    }
  }

  /// What has a place in another folder by now, as after a move there.
  private func movedElsewhere(_ pass: FolderPass, _ side: Side) throws(StoreError) -> Set<PairID> {
    let removals = pass.removals(on: side)
    guard removals.count <= Self.lookedUpMax else { return [] }
    var moved: Set<PairID> = []
    for record in try records(removals) {
      if try context.hasPlace(for: record.identity.digest, besides: pass.folder.id) { moved.insert(record.pair.id) }
    }
    return moved
  }

  private func records(_ pairs: some Sequence<PairID>) throws(StoreError) -> [PairRecord] {
    try context.withLedger { ledger throws(LedgerError) in
      var records: [PairRecord] = []
      for pair in pairs { if let record = try ledger.record(of: pair) { records.append(record) } }
      return records
    }
  }

  /// What the brake holds however many more come, is told at once.
  private func mayDecide(_ pass: FolderPass, _ side: Side, areFew: Bool, isCalm: Bool) -> Bool {
    if pass.showsWhole(side.other) { return areFew || isCalm || pass.isHeldByItself(side) }
    return areFew && context.gathered[side].isAll(pass.removals(on: side), of: pass.folder.id)
  }
}

extension PassReport.Problem {
  /// Messages that somebody moved to where martlet cannot follow.
  fileprivate static func unmade(_ count: Int, of folder: SyncedFolder, in name: FolderName, _ side: Side) -> Self {
    .init(
      folder: folder.title,
      reason: "\(count == 1 ? "1 message was" : "\(count) messages were") moved to the \(side.other) "
        + "\(printable("\(name)")), which could not be made on the \(side) side; kept there in the old folder until it can"
    )
  }
}
