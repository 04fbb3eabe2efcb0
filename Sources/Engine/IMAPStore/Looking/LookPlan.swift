import IMAP
import Mail
import Reconciliation

/// How a wide look is taken: what leaves in one write with SELECT, and what its answers prove.
///
///     QRESYNC    SELECT (QRESYNC …) tells flags and the gone; UID FETCH n:* the new
///     CONDSTORE  CHANGEDSINCE tells flags; the count tells whether any is gone, a listing which
///     neither    a listing of flags, and UID FETCH n:* the new
struct LookPlan: Equatable, Sendable {
  enum Method: Equatable, Sendable {
    /// Since a state whose modification sequence the server can answer.
    case delta(MailboxCheckpoint)
    case changedSince(MailboxCheckpoint)
    /// Of everything; traits only of what is new since, or of all.
    case listing(newFrom: UID)
  }

  struct Fetch: Equatable, Sendable {
    let target: UIDTarget
    let items: FetchItems
    var changedSince: ModSequence?
  }

  let method: Method
  /// What the look starts from, whatever the method makes of it.
  let since: MailboxCheckpoint?
  let parameter: SelectParameter
  let fetches: [Fetch]

  init(_ resync: ServerFeatures.Resync, since: MailboxCheckpoint?) {
    self.since = since
    guard let since, since.uidValidity.rawValue != 0, let uidNext = since.uidNext else {
      method = .listing(newFrom: .first)
      parameter = resync == .condStore ? .condStore : .none
      fetches = [Fetch(target: .from(.first), items: .traits)]
      return
    }
    let new = Fetch(target: .from(uidNext), items: .traits)
    let old = UID(rawValue: uidNext.rawValue - 1).map { UIDTarget.set(UIDSet(.first...$0)) }
    switch resync {
    case .qresync where since.highestModSeq > .none:
      method = .delta(since)
      // RFC 7162 §3.2.5: a wrong UIDVALIDITY makes it a plain SELECT.
      parameter = .qresync(since.uidValidity, since.highestModSeq)
      fetches = [new]
    case .condStore where since.highestModSeq > .none:
      method = .changedSince(since)
      parameter = .condStore
      fetches =
        [new] + (old.map { [Fetch(target: $0, items: .known, changedSince: since.highestModSeq)] } ?? [])
    case .qresync, .condStore, .listing:
      method = .listing(newFrom: uidNext)
      parameter = resync == .condStore ? .condStore : .none
      fetches = [new] + (old.map { [Fetch(target: $0, items: .known)] } ?? [])
    }
  }

  /// What the answers amount to.
  enum Verdict: Equatable, Sendable {
    /// They tell all changes since.
    case changes
    /// They are a listing; whether a complete one, it says itself.
    case listed
    /// They do not: a listing has to be made. Its traits are wanted from this UID on.
    case list(newFrom: UID)
  }

  func verdict(_ mailbox: MailboxState, _ listing: MessageListing) -> Verdict {
    guard let selected = mailbox.atSelect else { return .list(newFrom: .first) }
    switch method {
    case .delta(let since):
      guard isSame(since, mailbox) else { return .list(newFrom: .first) }
      return isPlausible(since, selected, listing) ? .changes : .list(newFrom: traitsWanted(since, selected))
    case .changedSince(let since):
      guard isSame(since, mailbox) else { return .list(newFrom: .first) }
      return nothingIsGone(since, mailbox, selected, listing) ? .changes : .list(newFrom: traitsWanted(since, selected))
    case .listing:
      // Below the old UIDNEXT only flags were asked for, and under other numbers these are unknown messages (law L8).
      guard let since, since.uidNext != nil, !isSame(since, mailbox) else { return .listed }
      return .list(newFrom: .first)
    }
  }

  /// False for other numbers, also those that are given out anew since a backup was put back.
  func isSame(_ since: MailboxCheckpoint, _ mailbox: MailboxState) -> Bool {
    guard let validity = mailbox.uidValidity else { return false }
    let now = MailboxCheckpoint(
      uidValidity: validity, uidNext: mailbox.atSelect?.uidNext, highestModSeq: .none, messageCount: mailbox.exists)
    return now.numbersOn(from: since)
  }

  /// Where modification sequences went back, numbers may have been given out anew, too: the traits tell.
  private func traitsWanted(_ since: MailboxCheckpoint, _ selected: MailboxState.Snapshot) -> UID {
    selected.highestModSeq < since.highestModSeq ? .first : since.uidNext ?? .first
  }

  /// A modification sequence below ours: restored from a backup, and Dovecot then says silently that nothing changed. So
  /// it does where the sequences began anew and have just come up to ours: each message that came raises them.
  private func hasGoneOn(_ since: MailboxCheckpoint, _ selected: MailboxState.Snapshot) -> Bool {
    if selected.highestModSeq > since.highestModSeq { return true }
    return selected.highestModSeq == since.highestModSeq && (selected.uidNext ?? since.uidNext) == since.uidNext
  }

  /// Numbers that cannot be: a gap in the answer. Too many gone to be ours: not worth naming.
  private func isPlausible(
    _ since: MailboxCheckpoint, _ selected: MailboxState.Snapshot, _ listing: MessageListing
  ) -> Bool {
    guard hasGoneOn(since, selected), let uidNext = since.uidNext, !listing.isDisturbed,
      listing.vanished.count <= Self.goneMax
    else { return false }
    if let next = selected.uidNext, next < uidNext { return false }
    let new = new(since: uidNext, selected, listing)
    let newGone = listing.vanished.count - listing.vanished.count(below: uidNext)
    let oldGone = listing.vanished.count(below: uidNext)
    // EARLIER may name UIDs that we never knew, so that the gone give bounds and no equation.
    return selected.exists >= since.messageCount - oldGone + new
      && selected.exists <= since.messageCount + new + newGone
  }

  /// Without QRESYNC silence says nothing of the gone, but the count does.
  private func nothingIsGone(
    _ since: MailboxCheckpoint, _ mailbox: MailboxState, _ selected: MailboxState.Snapshot, _ listing: MessageListing
  ) -> Bool {
    guard hasGoneOn(since, selected), let uidNext = since.uidNext, !listing.isDisturbed, listing.vanished.isEmpty,
      mailbox.expunged == 0
    else { return false }
    // By what SELECT told: whatever came between, and is in no answer, would stand in for one that is gone.
    return selected.exists == since.messageCount + new(since: uidNext, selected, listing)
  }

  /// Of those that were there at SELECT, how many the listing has with `uidNext` or a higher UID.
  private func new(since uidNext: UID, _ selected: MailboxState.Snapshot, _ listing: MessageListing) -> Int {
    listing.present.keys.count { uid in uid >= uidNext && selected.uidNext.map { uid < $0 } ?? true }
  }

  /// Naming more messages than this costs more than listing those that are left.
  static let goneMax = 100_000
}
