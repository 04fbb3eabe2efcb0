import Mail
import Ports
import Reconciliation

/// Messages that both sides have, and no note tells of.
extension ArrivalLinking {
  /// A file that is being written is tried so often, and after so long.
  private static let readingsMax = 4
  private static let readingPause: Duration = .milliseconds(100)
  /// So few messages, and octets of them, are read although their traits say that they are the same as others.
  private static let doubtedMax = 64
  private static let doubtedOctetsMax = 4 << 20

  /// Which of these messages are the same on both sides; records nothing.
  func matches(among arrivals: Sides<[Arrival]>) async throws(StoreError) -> [Matching.KeyPair] {
    var outcome = Outcome()
    return try await matching(of: try await described(arrivals), &outcome).matched
  }

  func matchRemaining(_ arrivals: Sides<[Arrival]>, _ outcome: inout Outcome) async throws(StoreError) {
    let arrivals = try await described(arrivals)
    let matching = try await matching(of: arrivals, &outcome)
    // Two that matched by traits alone: the base still needs a digest, and either's will do.
    let unread = matching.matched.filter {
      outcome.identified.near[$0.near] == nil && outcome.identified.far[$0.far] == nil
    }
    if !unread.isEmpty {
      let read = try await context.stores.near.identify(unread.map(\.near), in: folder.names.near)
      outcome.identified.near.merge(read) { first, _ in first }
    }
    for side in Side.allCases {
      let keys = matching.matched.map { side == .near ? $0.near : $0.far }
      if !keys.isEmpty { try await context.stores[side].secure(keys, in: folder.names[side]) }
    }
    try record(matching, arrivals, &outcome)
  }

  /// With the traits of those that a server had shown before, and now tells only the flags of: they were put aside, or a
  /// power cut took what the base had learned of them.
  private func described(_ arrivals: Sides<[Arrival]>) async throws(StoreError) -> Sides<[Arrival]> {
    var arrivals = arrivals
    guard !arrivals.near.isEmpty, !arrivals.far.isEmpty else { return arrivals }
    for side in Side.allCases where !context.stores[side].isLocal {
      let bare = Set(arrivals[side].filter { $0.observation.traits == nil }.map(\.key))
      guard !bare.isEmpty else { continue }
      let look = try await context.stores[side].look(at: folder.names[side], .messages(bare))
      arrivals[side] = arrivals[side].map { arrival in
        look.present[arrival.key].map { Arrival(key: arrival.key, observation: $0) } ?? arrival
      }
    }
    return arrivals
  }

  /// Reads what is local, and of the other side only what is in doubt.
  private func matching(
    of arrivals: Sides<[Arrival]>, _ outcome: inout Outcome
  ) async throws(StoreError) -> Matching {
    guard !arrivals.near.isEmpty, !arrivals.far.isEmpty else { return Matching(near: [], far: []) }
    for side in Side.allCases where context.stores[side].isLocal {
      try await read(Set(arrivals[side].map(\.key)), side, &outcome)
    }
    let matching = match(arrivals, outcome.identified)
    // What is local has been read by now: then only the other side is in doubt.
    var isRead = false
    var unread = Sides<Set<MessageKey>>(near: [], far: [])
    for side in Side.allCases {
      let copies = try copies(of: outcome.identified[side.other], among: arrivals[side])
      func isUnread(_ key: MessageKey) -> Bool { outcome.identified[side][key] == nil }
      let unknown = Set(matching.undecided[side] + copies + doubted(matching, side, arrivals, outcome))
        .filter(isUnread)
      let nameless = Set(nameless(matching, side, arrivals, outcome)).filter(isUnread).subtracting(unknown)
      guard !unknown.isEmpty || !nameless.isEmpty else { continue }
      let read = try await context.stores[side].identify(unknown.union(nameless).sorted(), in: folder.names[side])
      outcome.identified[side].merge(read) { first, _ in first }
      isRead = true
      // For a nameless one that cannot be read no other waits: that may be all there are (law L11).
      if !context.stores[side].isLocal { unread[side] = unknown.subtracting(read.keys) }
    }
    guard isRead else { return matching }
    let decided = match(arrivals, outcome.identified)
    for side in Side.allCases where !unread[side].isEmpty {
      let partners = possiblePartners(of: unread[side], on: side, arrivals, outcome, decided)
      guard !partners.isEmpty else { continue }
      outcome.waiting[side.other].formUnion(partners)
      outcome.waiting[side].formUnion(unread[side])
      outcome.problems += unread[side].sorted().map {
        .init(
          folder: folder.title, message: "\(side) \($0)",
          reason: "cannot be read just now, and so not be told from messages on the other side; tried again later")
      }
    }
    return decided
  }

  /// Messages that were matched without having been read. A draft that was changed here and there within a second may
  /// have everything in common with the other one but its words; to read all of twenty years for that would be too much.
  private func doubted(
    _ matching: Matching, _ side: Side, _ arrivals: Sides<[Arrival]>, _ outcome: Outcome
  ) -> [MessageKey] {
    let unread = Set(matching.matched.map { side == .near ? $0.near : $0.far })
      .filter { outcome.identified[side][$0] == nil }
    return Self.few(arrivals[side].filter { unread.contains($0.key) })
  }

  /// Messages that nothing but their content tells from each other: they have no Message-ID, and other sizes where a mail
  /// reader added header lines to a copy (law L3).
  private func nameless(
    _ matching: Matching, _ side: Side, _ arrivals: Sides<[Arrival]>, _ outcome: Outcome
  ) -> [MessageKey] {
    func left(_ side: Side) -> [Arrival] {
      let matched = Set(matching.matched.map { side == .near ? $0.near : $0.far })
      return arrivals[side].filter { arrival in
        guard !matched.contains(arrival.key) else { return false }
        let found = outcome.identified[side][arrival.key]?.identity
        return found.map { $0.messageID == nil } ?? (arrival.observation.traits.map { $0.messageID == nil } ?? false)
      }
    }
    return left(side.other).isEmpty ? [] : Self.few(left(side))
  }

  /// Their keys, where they are few enough to be read.
  private static func few(_ arrivals: [Arrival]) -> [MessageKey] {
    let octets = arrivals.map { $0.observation.traits?.wireSize ?? 0 }.clampedSum()
    return arrivals.count <= doubtedMax && octets <= doubtedOctetsMax ? arrivals.map(\.key).sorted() : []
  }

  /// Those of the other side that bear the Message-ID of one that cannot be read, or none as it has none.
  private func possiblePartners(
    of unread: Set<MessageKey>, on side: Side, _ arrivals: Sides<[Arrival]>, _ outcome: Outcome, _ matching: Matching
  ) -> Set<MessageKey> {
    let names = Set(arrivals[side].filter { unread.contains($0.key) }.map(\.observation.traits?.messageID))
    let matched = Set(matching.matched.map { side == .far ? $0.near : $0.far })
    let others = arrivals[side.other].map {
      Candidate($0.key, $0.observation, identified: outcome.identified[side.other][$0.key])
    }
    return Set(others.filter { names.contains($0.messageID) && !matched.contains($0.key) }.map(\.key))
  }

  /// What is being written is whole in a moment, mostly.
  private func read(
    _ keys: Set<MessageKey>, _ side: Side, _ outcome: inout Outcome
  ) async throws(StoreError) {
    // An intent may have been traced by some of them.
    var unread = keys.subtracting(outcome.identified[side].keys)
    for attempt in 1...Self.readingsMax where !unread.isEmpty {
      if attempt > 1 { guard await context.sleep(Self.readingPause) else { break } }
      let read = try await context.stores[side].identify(unread.sorted(), in: folder.names[side])
      outcome.identified[side].merge(read) { first, _ in first }
      unread.subtract(read.keys)
    }
    outcome.unread[side] = unread
  }

  /// Arrivals that may be what a broken-off copy made of one that the base knows in another folder: of that one's size,
  /// which is not the arrival's where a mail reader added header lines. With a Message-ID that finds them (law L3).
  private func copies(
    of identified: [MessageKey: Identified], among arrivals: [Arrival]
  ) throws(StoreError) -> [MessageKey] {
    let sizes = try context.withLedger { ledger throws(LedgerError) in
      var sizes: Set<Int> = []
      for found in identified.values where found.identity.messageID == nil {
        let known = try ledger.records(digest: found.identity.digest).map(\.identity.wireSize)
        sizes.formUnion(known.filter { $0 != found.identity.wireSize })
      }
      return sizes
    }
    return arrivals.filter { $0.observation.traits?.wireSize.map(sizes.contains) ?? false }.map(\.key)
  }

  private func match(
    _ arrivals: Sides<[Arrival]>, _ identified: Sides<[MessageKey: Identified]>
  ) -> Matching {
    func candidates(_ side: Side) -> [Candidate] {
      arrivals[side].map { Candidate($0.key, $0.observation, identified: identified[side][$0.key]) }
    }
    return Matching(near: candidates(.near), far: candidates(.far))
  }

  private func record(
    _ matching: Matching, _ arrivals: Sides<[Arrival]>, _ outcome: inout Outcome
  ) throws(StoreError) {
    guard !matching.matched.isEmpty else { return }
    let observations = Sides(
      near: Dictionary(uniqueKeysWithValues: arrivals.near.map { ($0.key, $0.observation) }),
      far: Dictionary(uniqueKeysWithValues: arrivals.far.map { ($0.key, $0.observation) }))
    var changes: [LedgerChange] = []
    for match in matching.matched
    where !folder.departed.near.contains(match.near) && !folder.departed.far.contains(match.far) {
      guard let near = observations.near[match.near], let far = observations.far[match.far],
        let found = outcome.identified.near[match.near] ?? outcome.identified.far[match.far]
      else { continue }
      let base = baseForStrangers(near: near.flags, far: far.flags)
      changes.append(
        .addPair(
          folder.id, near: Sighting(key: match.near, flags: base), far: Sighting(key: match.far, flags: base),
          identity: found.identity, date: far.traits?.date ?? found.date))
      for side in Side.allCases {
        changes.append(.clearSetAside(folder.id, side, side == .near ? match.near : match.far))
      }
    }
    try context.commit(changes)
    outcome.didLink = true
  }
}
