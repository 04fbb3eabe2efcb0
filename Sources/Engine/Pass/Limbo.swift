import Mail
import Ports
import Reconciliation

/// What was deleted from the local store a moment ago and can be taken back without a transfer, when the same message
/// shows up in another folder: the other half of a move on the server.
@Loop
final class Limbo {
  /// How long a deleted message is kept.
  private let keepSeconds: Int64

  private struct Traits: Hashable {
    let wireSize: Int
    let messageID: String
  }

  private var entries: [Traits: [LimboEntry]] = [:]
  /// Without a Message-ID: kept for a person, and not to be found by traits.
  private var nameless: [LimboEntry] = []

  init(keepSeconds: Int64) { self.keepSeconds = keepSeconds }

  func load(_ all: [LimboEntry]) {
    entries.removeAll()
    nameless.removeAll()
    for entry in all { add(entry) }
  }

  func add(_ entry: LimboEntry) {
    // Without a Message-ID sameness could not be told from traits alone.
    guard let messageID = entry.identity.messageID else { return nameless.append(entry) }
    entries[Traits(wireSize: entry.identity.wireSize, messageID: messageID), default: []].append(entry)
  }

  /// Whatever was kept with these traits.
  func digests(of wanted: DatedTraits) -> Set<MessageDigest> {
    let kept = entries[Traits(wireSize: wanted.wireSize, messageID: wanted.messageID)] ?? []
    return Set(kept.filter { $0.date == wanted.date }.map(\.identity.digest))
  }

  /// The kept message with just these traits, taken out.
  func take(_ wanted: DatedTraits) -> LimboEntry? {
    let traits = Traits(wireSize: wanted.wireSize, messageID: wanted.messageID)
    guard let index = entries[traits]?.firstIndex(where: { $0.date == wanted.date }) else { return nil }
    return entries[traits]?.remove(at: index)
  }

  /// Takes out what has been kept long enough.
  func takeExpired(at seconds: Int64) -> [LimboEntry] {
    func isOld(_ entry: LimboEntry) -> Bool { seconds - entry.since > keepSeconds }
    var expired = nameless.filter(isOld)
    nameless.removeAll(where: isOld)
    for (traits, kept) in entries where kept.contains(where: isOld) {
      expired += kept.filter(isOld)
      let young = kept.filter { !isOld($0) }
      entries[traits] = young.isEmpty ? nil : young
    }
    return expired.sorted { ($0.since, $0.key) < ($1.since, $1.key) }
  }
}

/// What together tells a message from others without reading it; where one of them is not known, nothing does.
struct DatedTraits {
  let wireSize: Int
  let messageID: String
  let date: InternalDate

  init?(_ observation: Observation) {
    guard let traits = observation.traits, let wireSize = traits.wireSize, let messageID = traits.messageID,
      let date = traits.date
    else { return nil }
    self.wireSize = wireSize
    self.messageID = messageID
    self.date = date
  }
}
