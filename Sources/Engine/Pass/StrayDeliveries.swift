import Mail
import Ports
import Reconciliation

/// Messages that were sent into one folder of a server, without an answer, and that another client moved to a second one
/// before martlet came back: there they are new, and what they were made of lies in the first one, as if it had still to
/// be sent (law L3).
///
/// The notes of interrupted deliveries tell. Until all folders have been looked at once, nothing is sent anew that has
/// such a note; a message that comes to another folder is compared with it. Where there are no notes, nothing is asked.
@Loop
struct StrayDeliveries {
  let context: AccountContext
  /// The folder that has new messages on the far side.
  let folder: SyncedFolder

  /// Those of the parcels that martlet sent itself: what they were made of is moved here.
  func reclaim(_ parcels: [Parcel]) async throws(StoreError) -> Set<MessageKey> {
    var reclaimed: Set<MessageKey> = []
    guard context.stores.near.isLocal else { return reclaimed }
    for origin in context.interrupted.sorted() where origin != folder.id {
      guard let origin = context.folders[origin] else { continue }
      let intents = try context.withLedger { ledger throws(LedgerError) in try ledger.intents(in: origin.id) }
      for intent in intents where intent.draft.target == .far {
        for parcel in parcels where !reclaimed.contains(parcel.arrival.key) && isLike(parcel, intent.draft) {
          guard try await isSame(parcel, intent.draft), try await take(intent, from: origin, for: parcel) else {
            continue
          }
          reclaimed.insert(parcel.arrival.key)
          break
        }
      }
    }
    return reclaimed
  }

  /// What martlet gave it, date included, and new here since the last pass: no other way brings a message with all of it.
  private func isLike(_ parcel: Parcel, _ draft: IntentDraft) -> Bool {
    guard let traits = DatedTraits(parcel.arrival.observation),
      case .imap(let checkpoint)? = folder.checkpoints.far, let new = checkpoint.uidNext,
      let uid = parcel.arrival.key.uid, uid >= new
    else { return false }
    return traits.areThose(of: draft)
  }

  private func isSame(_ parcel: Parcel, _ draft: IntentDraft) async throws(StoreError) -> Bool {
    let key = parcel.arrival.key
    let read = try await context.stores.far.identify([key], in: folder.names.far)
    return read[key]?.identity.digest == draft.identity?.digest
  }

  /// False where the source is not there any more, or has got a partner.
  private func take(
    _ intent: Intent, from origin: SyncedFolder, for parcel: Parcel
  ) async throws(StoreError) -> Bool {
    let (source, near) = (intent.draft.source, context.stores.near)
    guard try !context.hasPair(source.key, on: .near, in: origin.id), let identity = intent.draft.identity else {
      return false
    }
    // It may have come from here, and the base not know yet that it went.
    let taken: Set<MessageKey> = try context.hasPair(source.key, on: .near, in: folder.id) ? [source.key] : []
    let intents = DeliveryIntents(context: context, folder: folder, target: .near)
    try intents.record([Parcel(arrival: parcel.arrival, identity: identity, date: intent.draft.date)])
    let moved = try await near.move([source.key], from: origin.names.near, to: folder.names.near, taken: taken)
    let removals = try intents.removals(of: [parcel])
    guard let key = moved.keys[source.key] else {
      try context.commit(removals)
      return false
    }
    // Three-way, as ever: it was sent with the source's flags of then (law L6).
    let wanted = parcel.arrival.observation.flags
    let has = try await near.look(at: folder.names.near, .messages([key])).present[key]?.flags ?? source.flags
    let adding = wanted.subtracting(has).subtracting(source.flags)
    let removing = has.intersection(source.flags).subtracting(wanted)
    let change = FlagChange(key: key, adding: adding, removing: removing)
    let shown = try await near.update([change], in: folder.names.near).shown
    let unheld = adding.subtracting(shown[key] ?? wanted)
    let changes: [LedgerChange] =
      removals + [
        .addPair(
          folder.id, near: Sighting(key: key, flags: wanted.subtracting(unheld)),
          far: Sighting(key: parcel.arrival.key, flags: wanted), identity: identity, date: intent.draft.date),
        .removeIntent(intent.id), .clearSetAside(origin.id, .near, source.key),
      ]
    try context.commitDurably(changes + origin.distrust(.near))
    return true
  }
}
