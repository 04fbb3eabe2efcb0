package import Mail

/// A message without a partner, with all that is known of its content so far.
package struct Candidate: Hashable, Sendable {
  package let key: MessageKey
  package var wireSize: Int?
  package var messageID: String?
  package var date: InternalDate?
  package var digest: MessageDigest?

  package init(
    key: MessageKey, wireSize: Int? = nil, messageID: String? = nil, date: InternalDate? = nil,
    digest: MessageDigest? = nil
  ) {
    self.key = key
    self.wireSize = wireSize
    self.messageID = messageID
    self.date = date
    self.digest = digest
  }
}

/// Which of two sides' partnerless messages are the same message.
///
/// Used wherever the base cannot tell: first sync of two filled sides, a lost ledger, a new UIDVALIDITY, a lost answer
/// to APPEND. Nothing is concluded but sameness; what stays unmatched is new, never deleted (law L8).
package struct Matching: Equatable, Sendable {
  /// Certain: equal digests, or the only two with this Message-ID, size and date.
  package var matched: [KeyPair] = []
  /// Perhaps the same: their digests decide, once these messages have been read.
  package var undecided = Sides<[MessageKey]>(near: [], far: [])

  package struct KeyPair: Hashable, Sendable {
    package let near: MessageKey
    package let far: MessageKey

    package init(near: MessageKey, far: MessageKey) {
      self.near = near
      self.far = far
    }
  }

  package init(near: [Candidate], far: [Candidate]) {
    var remaining = Sides(near: near, far: far)
    matchByDigest(&remaining)
    matchByTraits(remaining)
  }

  private mutating func matchByDigest(_ remaining: inout Sides<[Candidate]>) {
    var farByDigest: [MessageDigest: [Candidate]] = [:]
    for candidate in remaining.far.reversed() {
      if let digest = candidate.digest { farByDigest[digest, default: []].append(candidate) }
    }
    var taken = Sides<Set<MessageKey>>(near: [], far: [])
    for candidate in remaining.near {
      guard let digest = candidate.digest, let partner = farByDigest[digest]?.popLast() else { continue }
      matched.append(KeyPair(near: candidate.key, far: partner.key))
      taken.near.insert(candidate.key)
      taken.far.insert(partner.key)
    }
    for side in Side.allCases { remaining[side].removeAll { taken[side].contains($0.key) } }
  }

  private struct Traits: Hashable {
    let wireSize: Int
    let messageID: String?
  }

  private mutating func matchByTraits(_ remaining: Sides<[Candidate]>) {
    let groups = Sides(near: Self.grouped(remaining.near), far: Self.grouped(remaining.far))
    for (traits, near) in groups.near {
      guard let far = groups.far[traits] else { continue }
      // Two that were both read and have other digests are not the same, whatever their traits.
      guard near.contains(where: { $0.digest == nil }) || far.contains(where: { $0.digest == nil }) else { continue }
      if traits.messageID != nil, near.count == 1, far.count == 1, near[0].date != nil, near[0].date == far[0].date {
        matched.append(KeyPair(near: near[0].key, far: far[0].key))
      } else {
        undecided.near += near.filter { $0.digest == nil }.map(\.key)
        undecided.far += far.filter { $0.digest == nil }.map(\.key)
      }
    }
    doubtByName(remaining)
    for side in Side.allCases { undecided[side].sort() }
    matched.sort { $0.near < $1.near }
  }

  /// Mail readers add header lines when they save a message, which changes its size and not its digest: so those of one
  /// Message-ID may be the same in spite of their sizes.
  private mutating func doubtByName(_ remaining: Sides<[Candidate]>) {
    let taken = Sides(
      near: Set(matched.map(\.near) + undecided.near), far: Set(matched.map(\.far) + undecided.far))
    let free = Sides(
      near: remaining.near.filter { !taken.near.contains($0.key) && $0.messageID != nil },
      far: remaining.far.filter { !taken.far.contains($0.key) && $0.messageID != nil })
    let groups = Sides(
      near: Dictionary(grouping: free.near, by: \.messageID), far: Dictionary(grouping: free.far, by: \.messageID))
    for (name, near) in groups.near {
      guard let far = groups.far[name] else { continue }
      undecided.near += near.filter { $0.digest == nil }.map(\.key)
      undecided.far += far.filter { $0.digest == nil }.map(\.key)
    }
  }

  private static func grouped(_ candidates: [Candidate]) -> [Traits: [Candidate]] {
    var groups: [Traits: [Candidate]] = [:]
    for candidate in candidates {
      guard let wireSize = candidate.wireSize else { continue }
      groups[Traits(wireSize: wireSize, messageID: candidate.messageID), default: []].append(candidate)
    }
    return groups
  }
}
