import Mail
import Ports
import Reconciliation

/// Brings messages that only one side has to the other: by a copy within that store where it holds the same message in
/// another folder, else by a transfer.
@Loop
struct ArrivalDelivery {
  let context: AccountContext
  let folder: SyncedFolder
  /// The side that has them.
  let source: Side
  let progress: ProgressMeter

  var target: Side { source.other }

  init(context: AccountContext, folder: SyncedFolder, from source: Side, progress: ProgressMeter) {
    self.context = context
    self.folder = folder
    self.source = source
    self.progress = progress
  }

  /// Those that are `unread` could not be read a moment ago: sent now, they might be there twice (law L3).
  func run(
    _ arrivals: [Arrival], identified: [MessageKey: Identified], unread: Set<MessageKey> = []
  ) async throws(StoreError) -> PassReport {
    var report = PassReport()
    try await setAside(arrivals.map(\.key).filter(unread.contains), &report)
    let known = try await withTraits(arrivals.filter { !unread.contains($0.key) })
    progress.expectMessages(
      known.count, bytes: known.map { $0.observation.traits?.wireSize ?? 0 }.clampedSum(), in: folder.title)
    // Newest first: a person reads those within seconds of a first sync.
    let batches = TransferBatch.batches(of: known.reversed())
    report.merge(try await deliver(batches, identified))
    return report
  }

  /// One batch waits for its barrier while the next one's content flows; never more than that.
  private func deliver(
    _ batches: [[Arrival]], _ identified: [MessageKey: Identified]
  ) async throws(StoreError) -> PassReport {
    let transfer = Transfer(
      context: context, folder: folder, from: source, progress: progress,
      maySave: batches.joined().count <= RecentArrivals.savesMax)
    let outcome: Result<PassReport, StoreError> = await withTaskGroup(of: Result<PassReport, StoreError>.self) {
      group in
      var report = PassReport()
      var failure: StoreError?
      for batch in batches where failure == nil {
        switch await load(batch, identified, transfer, &report) {
        case .failure(let error): failure = error
        case .success(let shipment):
          if let settled = await group.next() { report.take(settled, &failure) }
          if let shipment { group.addTask { await settle(shipment, transfer) } }
        }
      }
      for await settled in group { report.take(settled, &failure) }
      return failure.map { .failure($0) } ?? .success(report)
    }
    return try outcome.get()
  }

  /// Nil where nothing was left to transfer.
  private func load(
    _ batch: [Arrival], _ identified: [MessageKey: Identified], _ transfer: Transfer, _ report: inout PassReport
  ) async -> Result<Transfer.Shipment?, StoreError> {
    do throws(StoreError) {
      var parcels = try await parcels(batch, identified, &report)
      report.merge(try await copyKnown(&parcels))
      try leaveOut(&parcels, transfer.refused, &report)
      guard !parcels.isEmpty else { return .success(nil) }
      await enterGate()
      do {
        return .success(try await transfer.load(parcels))
      } catch {
        leaveGate()
        throw error
      }
    } catch {
      return .failure(error)
    }
  }

  private func leaveOut(
    _ parcels: inout [Parcel], _ refused: SizeRefusal, _ report: inout PassReport
  ) throws(StoreError) {
    let failures = parcels.compactMap { parcel in
      parcel.octets.flatMap(refused.error).map { SettingAside.Failure(key: parcel.arrival.key, error: $0) }
    }
    guard !failures.isEmpty else { return }
    let left = Set(failures.map(\.key))
    parcels.removeAll { left.contains($0.arrival.key) }
    for _ in failures { progress.messageDone(bytes: 0) }
    try setAside(failures, &report)
  }

  private func settle(
    _ shipment: Transfer.Shipment, _ transfer: Transfer
  ) async -> Result<PassReport, StoreError> {
    defer { leaveGate() }
    do throws(StoreError) {
      return .success(try await transfer.settle(shipment))
    } catch {
      return .failure(error)
    }
  }

  /// Size, date and Message-ID of remote messages that the look only named.
  private func withTraits(_ arrivals: [Arrival]) async throws(StoreError) -> [Arrival] {
    guard !context.stores[source].isLocal else { return arrivals }
    let unknown = Set(arrivals.filter { $0.observation.traits?.wireSize == nil }.map(\.key))
    guard !unknown.isEmpty else { return arrivals }
    let look = try await context.stores[source].look(at: folder.names[source], .messages(unknown))
    return arrivals.compactMap { arrival in
      guard unknown.contains(arrival.key) else { return arrival }
      return look.present[arrival.key].map { Arrival(key: arrival.key, observation: $0) }
    }
  }

  /// Between two servers, from the first content read to the last answer: both hold a connection meanwhile.
  private func enterGate() async { if usesGate { await context.directions.enter(source) } }
  private func leaveGate() { if usesGate { context.directions.leave() } }
  private var usesGate: Bool { !context.stores.near.isLocal && !context.stores.far.isLocal }

  /// What is known of each message; local ones are read, and those that vanished meanwhile are left out.
  private func parcels(
    _ arrivals: [Arrival], _ identified: [MessageKey: Identified], _ report: inout PassReport
  ) async throws(StoreError) -> [Parcel] {
    var identified = identified
    if context.stores[source].isLocal {
      let unread = arrivals.map(\.key).filter { identified[$0] == nil }
      if !unread.isEmpty {
        let read = try await context.stores[source].identify(unread, in: folder.names[source])
        identified.merge(read) { first, _ in first }
        try await setAside(unread.filter { read[$0] == nil }, &report)
      }
    }
    return arrivals.compactMap { arrival in
      let known = identified[arrival.key]
      if context.stores[source].isLocal, known == nil { return nil }
      return Parcel(
        arrival: arrival, identity: known?.identity, date: arrival.observation.traits?.date ?? known?.date)
    }
  }

  /// Messages that were there and could not be read as they were: looked at again, each is gone, or has a reason, or is
  /// being written; then what showed it must show it again.
  func setAside(_ keys: [MessageKey], _ report: inout PassReport) async throws(StoreError) {
    guard !keys.isEmpty else { return }
    let look = try await context.stores[source].look(at: folder.names[source], .messages(Set(keys)))
    var failures: [SettingAside.Failure] = []
    for key in keys where !look.gone.contains(key) {
      guard let reason = look.unreadable[key] else {
        report.unread.insert(source)
        continue
      }
      let error = StoreError(.message, .refused, reason)
      failures.append(.init(key: key, error: error, isDueAtOnce: context.stores[source].isLocal))
    }
    try setAside(failures, &report)
  }

  private func setAside(_ failures: [SettingAside.Failure], _ report: inout PassReport) throws(StoreError) {
    let outcome = try SettingAside(context: context, folder: folder, side: source).run(failures)
    try context.commit(outcome.changes)
    report.problems += outcome.problems
  }

  private func copyKnown(_ parcels: inout [Parcel]) async throws(StoreError) -> PassReport {
    let copying = KnownContent(context: context, folder: folder, source: source)
    let (placed, report) = try await copying.run(parcels)
    parcels.removeAll { placed.contains($0.arrival.key) }
    for _ in placed { progress.messageDone(bytes: 0) }
    return report
  }
}

extension PassReport {
  fileprivate mutating func take(_ settled: Result<PassReport, StoreError>, _ failure: inout StoreError?) {
    switch settled {
    case .success(let report): merge(report)
    case .failure(let error): failure = failure ?? error
    }
  }
}
