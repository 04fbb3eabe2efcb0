package import Mail
package import Ports
package import Reconciliation
import IMAP

extension IMAPStore {
  package func look(at folder: FolderName, _ scope: LookScope) async throws(StoreError) -> Look {
    switch scope {
    case .wide(since: .imap(let since)?): try await lookWide(at: folder, since: since)
    case .wide(since: .maildir?), .wide(since: nil): try await lookWide(at: folder, since: nil)
    case .pending: try await lookPending(at: folder)
    case .messages(let keys): try await look(at: keys, in: folder)
    case .glanceSince(.imap(let since)): try await glance(at: folder, since: since)
    case .glance, .glanceSince(.maildir): try await glance(at: folder, since: nil)
    }
  }

  private func glance(at folder: FolderName, since: MailboxCheckpoint?) async throws(StoreError) -> Look {
    let mailbox = try mailboxName(of: folder)
    return try await withConnection(for: folder, since == nil ? .bulk : .light) {
      member async throws(StoreError) in
      let plan = LookPlan(resync(of: member), since: since)
      let outcome = try await MailboxLook(member.connection, folder, mailbox, plan).run(self)
      // SELECT has told the watcher in silence what happened since.
      if member.watched == folder { hint(folder) }
      return outcome.look
    }
  }

  // MARK: Wide

  func lookWide(at folder: FolderName, since: MailboxCheckpoint?) async throws(StoreError) -> Look {
    let mailbox = try mailboxName(of: folder)
    let heard = takeNews(of: folder)
    do {
      let outcome = try await withConnection(for: folder, since == nil ? .bulk : .light) {
        member async throws(StoreError) in
        let plan = LookPlan(resync(of: member), since: since)
        return try await MailboxLook(member.connection, folder, mailbox, plan).run(self)
      }
      return try take(outcome, of: folder, heard.news)
    } catch {
      putBack(heard, of: folder)
      throw error
    }
  }

  /// What this connection was granted: behind one name there may be servers that differ.
  private func resync(of member: PooledConnection) -> ServerFeatures.Resync {
    watching.isResyncDistrusted ? .listing : member.features.resync
  }

  private struct Heard {
    let news: MailboxNews
    let wasHinted: Bool
  }

  /// What was heard before a look is sent, its answers cover; what is heard meanwhile stays for the next look.
  private func takeNews(of folder: FolderName) -> Heard {
    let heard = Heard(
      news: memories[folder]?.news ?? MailboxNews(), wasHinted: memories[folder]?.isHinted ?? false)
    memories[folder]?.news = MailboxNews()
    memories[folder]?.isHinted = false
    return heard
  }

  private func putBack(_ heard: Heard, of folder: FolderName) {
    guard var memory = memories[folder] else { return }
    var news = heard.news
    news.merge(memory.news)
    memory.news = news
    memory.isHinted = memory.isHinted || heard.wasHinted
    memories[folder] = memory
  }

  private func take(
    _ outcome: MailboxLook.Outcome, of folder: FolderName, _ heard: MailboxNews
  ) throws(StoreError) -> Look {
    if let gap = outcome.gap { watching.distrustResync(because: gap, in: folder) }
    var look = outcome.look
    let checkpoint: MailboxCheckpoint? = if case .imap(let found)? = look.checkpoint { found } else { nil }
    let isRenumbered = numbering(of: folder).map { $0 != outcome.mailbox.uidValidity } ?? false
    if look.coverage == .changes, !isRenumbered, !heard.vanished.isEmpty {
      if heard.vanished.count <= LookPlan.goneMax {
        for uid in heard.vanished where look.present[.uid(uid)] == nil { look.gone.insert(.uid(uid)) }
      } else {
        events.post(.uncertain(folder))
      }
    }
    try note(folder) { memory in
      if isRenumbered { memory.forgetMessages() }
      memory.known = checkpoint
      memory.newFrom = checkpoint?.uidNext
      memory.validity = outcome.mailbox.uidValidity
      memory.capacity = outcome.mailbox.flagCapacity
      memory.isAhead = false
      memory.remember(look)
    }
    if isRenumbered { watching.wasRenumbered(folder) }
    return look
  }

  // MARK: Pending

  private func lookPending(at folder: FolderName) async throws(StoreError) -> Look {
    guard let memory = memories[folder], let known = memory.known else {
      // Nothing to build on: the engine looks from where its ledger stands.
      events.post(.uncertain(folder))
      return .nothing
    }
    if !memory.isHinted, memory.news.isComplete {
      return memory.news.isEmpty ? .nothing : conclude(takeNews(of: folder).news, folder)
    }
    guard !memory.isHinted, !memory.news.isUncertain, let newFrom = memory.newFrom else {
      return try await lookWide(at: folder, since: known)
    }
    return try await lookForArrivals(in: folder, from: newFrom)
  }

  /// A server tells only that something came; the rest it has told. One FETCH is less than a SELECT, with QRESYNC, too.
  private func lookForArrivals(in folder: FolderName, from newFrom: UID) async throws(StoreError) -> Look {
    let heard = takeNews(of: folder)
    do {
      let arrivals = WantedView.arrivals(heard.news.growth)
      let found = try await withSelected(folder, .light, seeing: arrivals) { connection async throws(StoreError) in
        connection.arrivalsAreAskedFor(from: newFrom)
        return try await fetchTraits(.from(newFrom), on: connection, in: folder)
      }
      return conclude(heard.news, folder, found: found.filter { $0.key >= newFrom })
    } catch {
      putBack(heard, of: folder)
      throw error
    }
  }

  /// A look made of what was heard, and found where that was not enough.
  private func conclude(_ heard: MailboxNews, _ folder: FolderName, found: [UID: Observation] = [:]) -> Look {
    var look = Look(coverage: .changes)
    for (uid, flags) in heard.flags { look.present[.uid(uid)] = Observation(flags: flags) }
    for (uid, observation) in heard.arrivals { look.present[.uid(uid)] = observation }
    if heard.vanished.count <= LookPlan.goneMax {
      look.gone = Set(heard.vanished.lazy.map { .uid($0) })
    } else {
      events.post(.uncertain(folder))
    }
    for (uid, observation) in found where !look.gone.contains(.uid(uid)) {
      // Another connection was told otherwise, and either may be the later: a SELECT knows.
      if let told = heard.flags[uid] ?? heard.arrivals[uid]?.flags, told != observation.flags { hint(folder) }
      look.present[.uid(uid)] = observation
    }
    memories[folder]?.isAhead = true
    advance(folder, over: look)
    return look
  }

  private func advance(_ folder: FolderName, over look: Look) {
    guard let newFrom = memories[folder]?.newFrom else { return }
    let highest = look.present.keys.lazy.compactMap(\.uid).max()
    if let highest, highest >= newFrom { memories[folder]?.newFrom = highest.next ?? newFrom }
    memories[folder]?.remember(look)
  }

  // MARK: Messages

  private func look(at keys: Set<MessageKey>, in folder: FolderName) async throws(StoreError) -> Look {
    let wanted = UIDSet(keys.compactMap(\.uid).sorted())
    guard !wanted.isEmpty else { return .nothing }
    return try await withSelected(folder, wanted.count > 100 ? .bulk : .light) { connection async throws(StoreError) in
      var look = Look(coverage: .changes)
      let (found, refused) = try await describe(wanted, on: connection, in: folder)
      for (uid, observation) in found where wanted.contains(uid) { look.present[.uid(uid)] = observation }
      for (uid, reason) in refused { look.unreadable[.uid(uid)] = reason }
      let missing = UIDSet(wanted.filter { look.present[.uid($0)] == nil && refused[$0] == nil })
      // Not shown is not yet gone: the server is asked in another way.
      let gone = try await confirmGone(missing, on: connection, in: folder)
      for uid in missing {
        if gone.contains(uid) {
          look.gone.insert(.uid(uid))
        } else {
          look.unreadable[.uid(uid)] = "the server does not show this message"
        }
      }
      memories[folder]?.remember(look)
      return look
    }
  }

  /// One that the server does not describe fails no other: as in a look at the whole folder, they are asked for in ever
  /// smaller sets then (law L11).
  private func describe(
    _ wanted: UIDSet, on connection: IMAPConnection, in folder: FolderName
  ) async throws(StoreError) -> (found: [UID: Observation], refused: [UID: String]) {
    var found: [UID: Observation] = [:]
    let refused = try await MailboxLook.refused(among: [wanted]) { part throws(StoreError) in
      do throws(StoreError) {
        found.merge(try await fetchTraits(.set(part), on: connection, in: folder)) { $1 }
        return nil
      } catch {
        guard error.scope < .account, connection.isOpen else { throw error }
        return error
      }
    }
    return (found, refused)
  }

  /// Flags, size, date and Message-ID.
  func fetchTraits(
    _ target: UIDTarget, on connection: IMAPConnection, in folder: FolderName, isLook: Bool = true
  ) async throws(StoreError) -> [UID: Observation] {
    try await fetch(target, .traits, on: connection, in: folder, isLook: isLook).present
  }

  /// Where the tagged answer is OK, everything that was to be told was told.
  ///
  /// What the server says meanwhile of other messages stays news. Of these messages, where it `isLook`, what was heard
  /// before is news no more: it may be older than what they show now, and must not be taken for a change of that.
  func fetch(
    _ target: UIDTarget, _ items: FetchItems, on connection: IMAPConnection, in folder: FolderName, isLook: Bool = true
  ) async throws(StoreError) -> MessageListing {
    var listing = MessageListing()
    if let exists = connection.mailbox?.exists { listing.expect(exists) }
    let targets: [UIDTarget] =
      switch target {
      case .from: [target]
      case .set(let set): set.pieces().map { .set($0) }
      }
    let answers = targets.map { target in
      connection.send(.uidFetch(target, items)) { [unowned connection] untagged in
        switch untagged {
        case .fetch(let response):
          guard response.uid == nil || target.asks(for: response) else { return false }
          if isLook, let uid = response.uid, response.flags != nil { connection.forgetTold(of: uid) }
          return listing.take(untagged)
        case .vanished:
          _ = listing.take(untagged)
          return false
        default: return listing.take(untagged)
        }
      }
    }
    for completion in try await connection.completions(of: answers) where !completion.isOK {
      throw refusal(completion, "asking for messages of \(printable("\(folder)"))", .folder)
    }
    try requireBounds(listing, folder)
    return listing
  }

  /// What was shown beyond them is not in the listing.
  func requireBounds(_ listing: MessageListing, _ folder: FolderName) throws(StoreError) {
    guard listing.isFlooded else { return }
    throw StoreError(
      .folder, .refused,
      "\(title): the server shows more messages in \(printable("\(folder)")), or more of them, than can be kept")
  }

  /// Which of these UIDs there are.
  func search(
    _ uids: UIDSet, _ also: [SearchKey] = [], on connection: IMAPConnection, in folder: FolderName
  ) async throws(StoreError) -> UIDSet {
    let found = FoundMessages()
    let answers = uids.pieces().map { piece in
      connection.send(.uidSearch([.uid(.set(piece))] + also, returningAll: false)) { found.take($0) }
    }
    for completion in try await connection.completions(of: answers) where !completion.isOK {
      throw refusal(completion, "searching \(printable("\(folder)"))", .folder)
    }
    return try found.uids(in: folder, of: self)
  }
}

extension UIDTarget {
  /// False for what the server tells of its own accord.
  fileprivate func asks(for response: FetchResponse) -> Bool {
    guard let uid = response.uid else { return false }
    switch self {
    case .set(let set): return set.contains(uid)
    // Below is the last message, which servers show where there is none above, with all that was asked for.
    case .from(let lowest): return uid >= lowest || response.size != nil
    }
  }
}
