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
    suspectByMessageID(remaining)
    for side in Side.allCases { undecided[side].sort() }
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
    matched.sort { $0.near < $1.near }
  }

  /// A mail reader that saves a message adds header lines: the digest stays, and the size does not. Without this, a copy
  /// of such a message that was broken off would be brought over once more (law L3).
  private mutating func suspectByMessageID(_ remaining: Sides<[Candidate]>) {
    var taken = Sides(near: Set(undecided.near), far: Set(undecided.far))
    for match in matched {
      taken.near.insert(match.near)
      taken.far.insert(match.far)
    }
    func named(_ side: Side) -> [String: [Candidate]] {
      remaining[side].reduce(into: [:]) { named, candidate in
        guard !taken[side].contains(candidate.key), let messageID = candidate.messageID else { return }
        named[messageID, default: []].append(candidate)
      }
    }
    let far = named(.far)
    for (messageID, near) in named(.near) {
      guard let far = far[messageID] else { continue }
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
