import Mail
import Ports
import Reconciliation

/// Carries a batch of messages from one store into the other: barrier here, intent, content, barrier there, base, in this
/// order (law L4).
@Loop
struct Transfer {
  let context: AccountContext
  let folder: SyncedFolder
  let source: Side
  let progress: ProgressMeter
  /// Few messages came at once: each may be the draft that a mail program saves again and again.
  let maySave: Bool
  let refused = SizeRefusal()

  var target: Side { source.other }
  private var intents: DeliveryIntents { DeliveryIntents(context: context, folder: folder, target: target) }

  init(
    context: AccountContext, folder: SyncedFolder, from source: Side, progress: ProgressMeter, maySave: Bool
  ) {
    self.context = context
    self.folder = folder
    self.source = source
    self.progress = progress
    self.maySave = maySave
  }

  /// A batch whose content has been handed over and waits for its barrier.
  @Loop
  final class Shipment {
    fileprivate let parcels: [Parcel]
    fileprivate let sent: Sent
    fileprivate let delivery: any Delivery

    fileprivate init(_ parcels: [Parcel], _ sent: Sent, _ delivery: any Delivery) {
      self.parcels = parcels
      self.sent = sent
      self.delivery = delivery
    }
  }

  /// Records the intents and carries the content over. Nothing of it is base yet.
  ///
  /// What is not there any more after an interruption is deleted on the other side, and so may not be missing for a power
  /// cut: it is durable before the other side has it (law L1).
  func load(_ parcels: [Parcel]) async throws(StoreError) -> Shipment {
    try await context.stores[source].secure(parcels.map(\.arrival.key), in: folder.names[source])
    let reserved = context.stores[target].reserveKeys(parcels.count, in: folder.names[target])
    try intents.record(parcels, reserved: reserved)
    let delivery = try await context.stores[target].delivery(into: folder.names[target])
    do {
      return Shipment(parcels, try await send(parcels, reserved, delivery), delivery)
    } catch {
      await delivery.abandon()
      throw error
    }
  }

  /// Waits for the barrier and records what is now durable on both sides.
  func settle(_ shipment: Shipment) async throws(StoreError) -> PassReport {
    let results: [Int: Result<Delivered, StoreError>]
    do {
      results = try await shipment.delivery.commit()
    } catch {
      await shipment.delivery.abandon()
      throw error
    }
    return try record(shipment.parcels, shipment.sent, results)
  }

  // MARK: On the way

  fileprivate struct Sent {
    var failures: [Int: StoreError] = [:]
    var dates: [Int: InternalDate] = [:]
    var sizes: [Int: Int] = [:]
  }

  private func send(
    _ parcels: [Parcel], _ reserved: [MessageKey]?, _ delivery: any Delivery
  ) async throws(StoreError) -> Sent {
    let tickets = Dictionary(
      parcels.enumerated().map { ($1.arrival.key, $0) }, uniquingKeysWith: { first, _ in first })
    var sent = Sent()
    try await context.stores[source].read(parcels.map(\.arrival.key), in: folder.names[source]) {
      key, result async throws(StoreError) in
      guard let ticket = tickets[key] else { return }
      do throws(StoreError) {
        let content = try result.get()
        let date = parcels[ticket].date ?? content.date
        sent.dates[ticket] = date
        sent.sizes[ticket] = content.wireSize
        let letter = Letter(
          ticket: ticket, flags: parcels[ticket].arrival.observation.flags, date: date, key: reserved?[ticket])
        try await delivery.add(letter, content)
        progress.messageDone(bytes: content.wireSize)
      } catch {
        guard error.scope == .message else { throw error }
        sent.failures[ticket] = error
      }
    }
    return sent
  }

  // MARK: After

  private func record(
    _ parcels: [Parcel], _ sent: Sent, _ results: [Int: Result<Delivered, StoreError>]
  ) throws(StoreError) -> PassReport {
    var report = PassReport()
    let results = try withoutShared(results)
    var changes = try intents.removals(of: parcels)
    var failures: [SettingAside.Failure] = []
    for (ticket, parcel) in parcels.enumerated() {
      if let result = results[ticket], let size = sent.sizes[ticket] { refused.note(result, of: size) }
      switch results[ticket] ?? sent.failures[ticket].map({ .failure($0) }) {
      case .success(let delivered):
        changes.append(pair(parcel, delivered, date: sent.dates[ticket]))
        changes.append(.clearSetAside(folder.id, source, parcel.arrival.key))
        report.counts[target].delivered += 1
        report.counts[target].bytes = report.counts[target].bytes.addingClamped(sent.sizes[ticket] ?? 0)
      case .failure(let error):
        // It changed on the way: the checkpoint must not vouch for what was seen of it.
        if error.kind == .gone { report.unread.insert(source) }
        // A file that cannot be read is tried again by each pass; the network has no part in it.
        let isDueAtOnce = results[ticket] == nil && context.stores[source].isLocal
        failures.append(.init(key: parcel.arrival.key, error: error, isDueAtOnce: isDueAtOnce))
      case nil:
        // Gone before it could be read: the next look says so.
        continue
      }
    }
    let aside = try SettingAside(context: context, folder: folder, side: source).run(failures)
    report.problems += aside.problems
    try context.commit(changes + aside.changes)
    if maySave {
      for case .success(let delivered) in results.values {
        context.recentArrivals.came(delivered.identity.digest, to: folder.id, from: source)
      }
    }
    return report
  }

  /// A server that keeps no two alike in one mailbox, as Gmail does, answers with the number of the one that it has. That
  /// one may have a partner, which it keeps.
  private func withoutShared(
    _ results: [Int: Result<Delivered, StoreError>]
  ) throws(StoreError) -> [Int: Result<Delivered, StoreError>] {
    let keys = results.values.compactMap { result in
      if case .success(let delivered) = result { delivered.key } else { nil }
    }
    var taken = try context.partnered(Set(keys), on: target, in: folder.id)
    var answers = results
    for (ticket, result) in results.sorted(by: { $0.key < $1.key }) {
      guard case .success(let delivered) = result, !taken.insert(delivered.key).inserted else { continue }
      answers[ticket] = .failure(SettingAside.shared(delivered.key, context.stores[target]))
    }
    return answers
  }

  private func pair(_ parcel: Parcel, _ delivered: Delivered, date: InternalDate?) -> LedgerChange {
    let here = Sighting(key: parcel.arrival.key, flags: parcel.arrival.observation.flags)
    let there = Sighting(key: delivered.key, flags: delivered.flags)
    return .addPair(
      folder.id, near: source == .near ? here : there, far: source == .near ? there : here,
      identity: delivered.identity, date: date)
  }
}
