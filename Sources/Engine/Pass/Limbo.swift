import Mail
import Ports

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

  /// The kept message with just these traits and this date, taken out.
  func take(wireSize: Int, messageID: String, date: InternalDate) -> LimboEntry? {
    let traits = Traits(wireSize: wireSize, messageID: messageID)
    guard let index = entries[traits]?.firstIndex(where: { $0.date == date }) else { return nil }
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
