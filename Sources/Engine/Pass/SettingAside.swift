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

  struct Failure {
    let key: MessageKey
    let error: StoreError
    /// What costs nothing to try is due at any time: a person may have mended it.
    var isDueAtOnce = false
  }

  struct Outcome {
    var changes: [LedgerChange] = []
    var problems: [PassReport.Problem] = []
  }

  /// Leaves out those that are gone, and those whose work was given up. Throws what is not the message's fault.
  func run(_ failures: [Failure]) throws(StoreError) -> Outcome {
    if let wider = failures.first(where: { $0.error.scope != .message }) { throw wider.error }
    let failed = failures.filter { $0.error.kind != .gone && $0.error.kind != .cancelled }
    let earlier = try entries(of: failed.map(\.key))
    return failed.reduce(into: Outcome()) { outcome, failure in
      let (key, reason) = (failure.key, failure.error.text)
      let attempts = (earlier[key]?.attempts ?? 0) + 1
      let wait = failure.isDueAtOnce ? 0 : Self.retryDelay(after: attempts)
      outcome.changes.append(put(key, reason, attempts: attempts, retryAt: context.wallSeconds + wait))
      outcome.problems.append(.init(folder: folder.title, message: "\(side) \(key)", reason: reason))
    }
  }

  private func put(_ key: MessageKey, _ reason: String, attempts: Int, retryAt: Int64) -> LedgerChange {
    .setAside(SetAside(folder: folder.id, side: side, key: key, reason: reason, attempts: attempts, retryAt: retryAt))
  }

  /// What was set aside of these messages before.
  func entries(of keys: some Collection<MessageKey>) throws(StoreError) -> [MessageKey: SetAside] {
    let entries = try context.withLedger { ledger throws(LedgerError) in
      try ledger.setAside(in: folder.id, side: side, keys: keys)
    }
    return Dictionary(entries.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
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
    let named = try entries(of: unreadable.keys)
    let news = unreadable.filter { named[$0.key]?.reason != $0.value }.sorted { $0.key < $1.key }
    try context.commit(news.map { put($0.key, $0.value, attempts: 1, retryAt: context.wallSeconds) })
  }

  /// Arrivals without those that failed before and are not due yet.
  static func due(
    _ arrivals: Sides<[Arrival]>, in folder: SyncedFolder, _ context: AccountContext
  ) throws(StoreError) -> Sides<[Arrival]> {
    var due = arrivals
    for side in Side.allCases where !arrivals[side].isEmpty {
      let aside = SettingAside(context: context, folder: folder, side: side)
      let waiting = try aside.entries(of: arrivals[side].map(\.key)).filter { !$0.value.isDue(at: context.wallSeconds) }
      due[side].removeAll { waiting[$0.key] != nil }
    }
    return due
  }

  /// What failed before waits for nothing any more where it is gone by now, or is seen and has a partner.
  static func forgetDone(
    in folder: SyncedFolder, _ looks: Sides<Look>, _ context: AccountContext
  ) throws(StoreError) {
    var changes: [LedgerChange] = []
    for side in Side.allCases {
      let look = looks[side]
      let aside = try SettingAside(context: context, folder: folder, side: side).keys(toldOf: look)
      let paired = try context.partnered(aside.filter { look.present[$0] != nil }, on: side, in: folder.id)
      let done = aside.filter { paired.contains($0) || look.shows(gone: $0) }
      changes += done.sorted().map { .clearSetAside(folder.id, side, $0) }
      // Nothing but this told of the message: should a power cut bring it back, it is new.
      if !done.isSubset(of: paired) { changes += folder.distrust(side) }
    }
    try context.commit(changes)
  }

  /// Of what was set aside, that of which the look tells anything.
  private func keys(toldOf look: Look) throws(StoreError) -> Set<MessageKey> {
    guard look.coverage == .complete else { return Set(try entries(of: look.gone.union(look.present.keys)).keys) }
    let all = try context.withLedger { ledger throws(LedgerError) in try ledger.setAside(in: folder.id) }
    return Set(all.filter { $0.side == side }.map(\.key))
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
