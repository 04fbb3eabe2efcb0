import IMAP
import Mail
import Ports
import Reconciliation

/// One wide look at one mailbox, on one connection.
@Loop
final class MailboxLook {
  /// How often a listing that others' expunges disturbed is made again.
  static let attemptsMax = 3

  let connection: IMAPConnection
  let folder: FolderName
  private let mailbox: MailboxName
  private let plan: LookPlan
  var listing = MessageListing()

  struct Outcome {
    var look: Look
    let mailbox: MailboxState
    /// Why a delta could not be true: then the server's modification sequences are not to be believed.
    var gap: String?
  }

  init(_ connection: IMAPConnection, _ folder: FolderName, _ mailbox: MailboxName, _ plan: LookPlan) {
    self.connection = connection
    self.folder = folder
    self.mailbox = mailbox
    self.plan = plan
  }

  func run(_ store: IMAPStore) async throws(StoreError) -> Outcome {
    let answers = send()
    let selected = try await answers[0].completion()
    var isRefused = false
    for answer in answers.dropFirst() {
      let completion = try await answer.completion()
      if completion.code == .expungeIssued { listing.disturb() }
      if !completion.isOK, completion.code != .expungeIssued { isRefused = true }
    }
    let what = "looking at \(printable("\(folder)"))"
    guard selected.isOK else { throw try await notSelected(selected, what, store) }
    guard let state = connection.mailbox else {
      throw StoreError(.folder, .internalFault, "\(store.title): \(what): not selected")
    }
    try store.requireBounds(listing, folder)
    // Some servers refuse a FETCH in an empty mailbox. Elsewhere one message may be the reason, or modification sequences
    // that the mailbox has no more (RFC 7162 §3.1.2.2): a listing asks for less at a time, and without them.
    if isRefused, state.exists > 0 {
      let isSame = plan.since.map { plan.isSame($0, state) } ?? false
      return try await list(newFrom: isSame ? newFrom : .first, state, store)
    }
    switch plan.verdict(state, listing) {
    case .changes: return outcome(.changes, state)
    case .listed:
      let baseline = baseline(of: state)
      if listing.isComplete(since: baseline, existsNow: connection.mailbox?.exists ?? 0) {
        return try await complete(state, store)
      }
      return try await list(newFrom: newFrom, state, store)
    case .list(let newFrom):
      let gap = gap(state)
      var outcome = try await list(newFrom: newFrom, state, store)
      outcome.gap = gap
      return outcome
    }
  }

  /// Dovecot 2.3 refuses the SELECT of a mailbox that is not there without a code, as it does any other SELECT. Whether
  /// it is there is asked by its name: only a listing without it says that it is gone (law L8).
  private func notSelected(
    _ selected: Completion, _ what: String, _ store: IMAPStore
  ) async throws(StoreError) -> StoreError {
    let refusal = store.refusal(selected, what, .folder)
    guard selected.status == .no, refusal.kind == .refused, !folder.isInbox else { return refusal }
    var isListed = false
    let answer = connection.send(.list(reference: .empty, pattern: mailbox, returning: .none)) { [mailbox] untagged in
      guard case .list(let line) = untagged else { return false }
      let isPhantom = Quirks.saysPhantomName(selected.text) && line.attributes.contains(.hasChildren)
      if line.name == mailbox, line.attributes.holdsMessages, !isPhantom { isListed = true }
      return line.name == mailbox
    }
    guard try await answer.completion().isOK, !isListed else { return refusal }
    return StoreError(.folder, .gone, refusal.text)
  }

  func take(_ untagged: Untagged) -> Bool {
    if let exists = connection.mailbox?.exists { listing.expect(exists) }
    return listing.take(untagged)
  }

  // MARK: Asking

  /// SELECT and what may follow it unanswered, in one write.
  private func send() -> [CommandAnswer] {
    let collect = { [unowned self] (untagged: Untagged) in take(untagged) }
    var answers = [connection.send(.select(mailbox, readOnly: false, plan.parameter), collect: collect)]
    for fetch in plan.fetches {
      answers.append(
        connection.send(.uidFetch(fetch.target, fetch.items, changedSince: fetch.changedSince), collect: collect))
    }
    return answers
  }

  /// A listing of all messages, again where it was disturbed; at last one that claims nothing.
  private func list(
    newFrom: UID, _ state: MailboxState, _ store: IMAPStore
  ) async throws(StoreError) -> Outcome {
    let heardGone = listing.vanished
    for _ in 0..<Self.attemptsMax {
      listing = MessageListing()
      let baseline = MessageListing.Baseline(exists: connection.mailbox?.exists ?? 0, uidNext: nil)
      if baseline.exists > 0 { try await fetchAll(newFrom: newFrom, store) }
      if listing.isComplete(since: baseline, existsNow: connection.mailbox?.exists ?? 0) {
        return try await complete(state, store)
      }
    }
    // Under another numbering, half a listing is worse than none: the base's numbers would be taken for these (law L8).
    if let since = plan.since, !plan.isSame(since, state) {
      throw StoreError(
        .folder, .unavailable,
        "\(store.title): \(printable("\(folder)")): its numbering changed, and messages came and went while it was listed"
      )
    }
    var outcome = outcome(.changes, state)
    outcome.look.checkpoint = nil
    outcome.look.isPartial = true
    if heardGone.count <= LookPlan.goneMax {
      outcome.look.gone.formUnion(heardGone.map { .uid($0) })
      outcome.look.gone.subtract(outcome.look.present.keys)
    }
    return outcome
  }

  private func fetchAll(newFrom: UID, _ store: IMAPStore) async throws(StoreError) {
    let collect = { [unowned self] (untagged: Untagged) in take(untagged) }
    var answers = [connection.send(.uidFetch(.from(newFrom), .traits), collect: collect)]
    if let last = UID(rawValue: newFrom.rawValue - 1) {
      answers.append(connection.send(.uidFetch(.set(UIDSet(.first...last)), .known), collect: collect))
    }
    for completion in try await connection.completions(of: answers) {
      if completion.code == .expungeIssued { listing.disturb() }
      guard completion.isOK || completion.code == .expungeIssued else {
        try await describeInParts(from: newFrom, store)
        break
      }
    }
    try store.requireBounds(listing, folder)
  }

  /// Everything was shown; messages whose flags the server left out are asked for again, then set aside.
  private func complete(_ state: MailboxState, _ store: IMAPStore) async throws(StoreError) -> Outcome {
    if !listing.flagless.isEmpty {
      let collect = { [unowned self] (untagged: Untagged) in take(untagged) }
      for set in UIDSet(listing.flagless.sorted()).pieces() {
        let completion = try await connection.run(.uidFetch(.set(set), .traits), collect: collect)
        guard completion.isOK else {
          throw store.refusal(completion, "listing \(printable("\(folder)"))", .folder)
        }
      }
    }
    // Without a UIDVALIDITY the numbers promise nothing, and absence means nothing (law L8).
    return outcome(state.uidValidity == nil ? .changes : .complete, state)
  }

  // MARK: Concluding

  private func outcome(_ coverage: Look.Coverage, _ state: MailboxState) -> Outcome {
    if case .changes = coverage, let newFrom = plan.newFrom { listing.dropUnasked(below: newFrom) }
    var look = Look(coverage: coverage)
    for (uid, observation) in listing.present { look.present[.uid(uid)] = observation }
    if coverage == .changes, listing.vanished.count <= LookPlan.goneMax {
      look.gone = Set(listing.vanished.lazy.map { .uid($0) })
    }
    for (uid, reason) in listing.refused { look.unreadable[.uid(uid)] = reason }
    for uid in listing.flagless {
      look.unreadable[.uid(uid)] = "the server does not tell its flags, or too many of them"
    }
    look.checkpoint = checkpoint(state, coverage).map { .imap($0) }
    look.toldUIDNext = state.atSelect?.uidNext
    return Outcome(look: look, mailbox: state)
  }

  private func checkpoint(_ state: MailboxState, _ coverage: Look.Coverage) -> MailboxCheckpoint? {
    guard let validity = state.uidValidity, let selected = state.atSelect else { return nil }
    // Courier's SELECT tells no UIDNEXT: what comes later is above all that is there, and all that was told before.
    let known = plan.since.flatMap { $0.uidValidity == validity ? $0.uidNext : nil }
    let lowest = [listing.highest.flatMap(\.next), known].compactMap { $0 }.max()
    let uidNext = selected.uidNext ?? lowest ?? (selected.exists == 0 ? .first : nil)
    // What came after the SELECT is below a UIDNEXT that the listing has told: then it is counted, too. One that is not
    // would make up for another that is gone (law L2).
    let isGuessed = selected.uidNext == nil && coverage == .complete
    return MailboxCheckpoint(
      uidValidity: validity, uidNext: uidNext, highestModSeq: selected.highestModSeq,
      messageCount: isGuessed ? listing.shown.count : selected.exists)
  }

  private func baseline(of state: MailboxState) -> MessageListing.Baseline {
    MessageListing.Baseline(exists: state.atSelect?.exists ?? state.exists, uidNext: state.atSelect?.uidNext)
  }

  private var newFrom: UID { plan.newFrom ?? .first }

  /// Same numbering, modification sequences that go forward, and still numbers that cannot be.
  private func gap(_ state: MailboxState) -> String? {
    guard case .delta(let since) = plan.method, let selected = state.atSelect,
      plan.isSame(since, state), selected.highestModSeq >= since.highestModSeq,
      listing.vanished.count <= LookPlan.goneMax, !listing.isDisturbed
    else { return nil }
    let new = since.uidNext.map { listing.count(from: $0) } ?? 0
    return """
      of \(since.messageCount) messages \(listing.vanished.count) were told to be gone and \(new) to be new, but \
      there are \(selected.exists)
      """
  }
}

extension LookPlan {
  /// From where on traits are asked for.
  var newFrom: UID? {
    switch method {
    case .delta(let since), .changedSince(let since): since.uidNext
    case .listing(let newFrom): newFrom
    }
  }
}
