import Mail
import Ports
import Reconciliation

/// Puts a message aside that could not be synced: named with the reason, and tried again ever more seldom (law L11).
@Loop
struct SettingAside {
  let context: AccountContext
  let folder: SyncedFolder
  /// The side that has the message.
  let side: Side

  /// Nothing where the message is gone, or the work was given up. Throws what is not the message's fault. What costs
  /// nothing to try is due at any time: a person may have mended it.
  func run(
    _ key: MessageKey, _ error: StoreError, isDueAtOnce: Bool = false
  ) throws(StoreError) -> (LedgerChange?, PassReport.Problem?) {
    guard error.scope == .message else { throw error }
    if error.kind == .gone || error.kind == .cancelled { return (nil, nil) }
    let earlier = try context.withLedger { ledger throws(LedgerError) in try ledger.setAside(in: folder.id) }
      .first { $0.side == side && $0.key == key }
    let attempts = (earlier?.attempts ?? 0) + 1
    let entry = SetAside(
      folder: folder.id, side: side, key: key, reason: error.text, attempts: attempts,
      retryAt: context.wallSeconds + (isDueAtOnce ? 0 : Self.retryDelay(after: attempts)))
    let problem = PassReport.Problem(folder: folder.title, message: "\(side) \(key)", reason: error.text)
    return (.setAside(entry), problem)
  }

  /// Brought over, it became a message that has a partner already: the store keeps no two alike, or tells what is not so.
  static func shared(_ key: MessageKey, _ store: any MailStore) -> StoreError {
    StoreError(
      .message, .refused, "\(store.title): it is the same there as another message (\(key)), and not kept a second time"
    )
  }

  /// What a look finds and cannot read is named by each pass, also by one that has nothing to look at, until it is gone
  /// or can be read: it is due at any time.
  func keepNamed(_ unreadable: [MessageKey: String]) throws(StoreError) {
    guard !unreadable.isEmpty else { return }
    let entries = try context.withLedger { ledger throws(LedgerError) in try ledger.setAside(in: folder.id) }
    var named: [MessageKey: String] = [:]
    for entry in entries where entry.side == side { named[entry.key] = entry.reason }
    let news = unreadable.filter { named[$0.key] != $0.value }.sorted { $0.key < $1.key }
    try context.commit(
      news.map {
        .setAside(
          SetAside(
            folder: folder.id, side: side, key: $0.key, reason: $0.value, attempts: 1, retryAt: context.wallSeconds))
      })
  }

  /// Arrivals without those that failed before and are not due yet.
  static func due(
    _ arrivals: Sides<[Arrival]>, in folder: SyncedFolder, _ context: AccountContext
  ) throws(StoreError) -> Sides<[Arrival]> {
    guard !arrivals.near.isEmpty || !arrivals.far.isEmpty else { return arrivals }
    var due = arrivals
    let aside = try context.withLedger { ledger throws(LedgerError) in try ledger.setAside(in: folder.id) }
    for entry in aside where !entry.isDue(at: context.wallSeconds) {
      due[entry.side].removeAll { $0.key == entry.key }
    }
    return due
  }

  /// What failed before waits for nothing any more where it is gone by now, or is seen and has a partner.
  static func forgetDone(
    in folder: SyncedFolder, _ looks: Sides<Look>, _ context: AccountContext
  ) throws(StoreError) {
    var gone: Set<Side> = []
    let done = try context.withLedger { ledger throws(LedgerError) in
      var done: [SetAside] = []
      for entry in try ledger.setAside(in: folder.id) {
        let look = looks[entry.side]
        let isSeen = look.present[entry.key] != nil
        let partners = isSeen ? try ledger.pairs(in: folder.id, side: entry.side, keys: [entry.key]) : []
        guard !partners.isEmpty || look.shows(gone: entry.key) else { continue }
        done.append(entry)
        if partners.isEmpty { gone.insert(entry.side) }
      }
      return done
    }
    // Nothing but this told of the message: should a power cut bring it back, it is new.
    let changes = done.map { LedgerChange.clearSetAside(folder.id, $0.side, $0.key) }
    try context.commit(changes + gone.flatMap(folder.distrust))
  }

  /// Seconds: a minute, doubling to a day.
  static func retryDelay(after attempts: Int) -> Int64 {
    min(60 << Int64(min(attempts - 1, 11)), 86_400)
  }
}

extension SetAside {
  /// Also where its time lies further ahead than it was ever put: then the clock was set back.
  @Loop func isDue(at seconds: Int64) -> Bool {
    retryAt <= seconds || retryAt &- seconds > SettingAside.retryDelay(after: attempts)
  }
}

extension Look {
  /// Positive evidence only, as for a deletion.
  func shows(gone key: MessageKey) -> Bool {
    guard present[key] == nil, unreadable[key] == nil else { return false }
    return coverage == .complete || gone.contains(key)
  }
}
