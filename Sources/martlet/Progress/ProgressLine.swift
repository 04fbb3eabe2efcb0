import Control
import Mail
import Ports

/// What the live line says of all accounts that are being synced.
struct ProgressLine {
  /// The rate is that of the last few seconds, so that a stall shows and a start does not.
  static let rateWindow: Duration = .seconds(5)

  private struct Sample {
    let at: LoopInstant
    let bytes: Int
    let messages: Int
  }

  private var accounts: [String: SyncProgress] = [:]
  private var samples: [Sample] = []

  mutating func update(_ progress: SyncProgress, at now: LoopInstant) {
    accounts[progress.account] = progress
    samples.append(Sample(at: now, bytes: sum(\.bytesDone), messages: sum(\.messagesDone)))
    // The last sample before the window stays, so that the rate spans all of it.
    while samples.count > 2, samples[1].at.duration(to: now) >= Self.rateWindow { samples.removeFirst() }
  }

  /// `3/12 folders, 1204/20000 messages, 41.2 MB, 8.1 MB/s, 40 s left: Lists/swift`; empty while nothing is known.
  func text() -> String {
    guard !accounts.isEmpty else { return "" }
    var parts = ["\(sum(\.foldersDone))/\(sum(\.foldersTotal)) folders"]
    let messages = (done: sum(\.messagesDone), total: sum(\.messagesTotal))
    if messages.total > 0 { parts.append("\(messages.done)/\(messages.total) messages") }
    if sum(\.bytesDone) > 0 { parts.append(Amount.bytes(sum(\.bytesDone))) }
    if let rate = rate(\.bytes), rate >= 1 { parts.append(Amount.bytes(Int(exactly: rate.rounded()) ?? .max) + "/s") }
    if let left = secondsLeft { parts.append(Amount.seconds(left) + " left") }
    let folder = accounts.values.sorted { $0.account < $1.account }.compactMap(\.folder).last
    return parts.joined(separator: ", ") + (folder.map { ": " + $0 } ?? "")
  }

  private var secondsLeft: Double? {
    let bytes = sum(\.bytesTotal) - sum(\.bytesDone)
    if bytes > 0, let rate = rate(\.bytes), rate > 0 { return Double(bytes) / rate }
    let messages = sum(\.messagesTotal) - sum(\.messagesDone)
    if messages > 0, let rate = rate(\.messages), rate > 0 { return Double(messages) / rate }
    return nil
  }

  /// Per second; nil before there is anything to go by.
  private func rate(_ what: KeyPath<Sample, Int>) -> Double? {
    guard let first = samples.first, let last = samples.last else { return nil }
    let seconds = first.at.duration(to: last.at) / .seconds(1)
    return seconds >= 0.5 ? Double(last[keyPath: what] - first[keyPath: what]) / seconds : nil
  }

  private func sum(_ what: KeyPath<SyncProgress, Int>) -> Int {
    accounts.values.map { $0[keyPath: what] }.clampedSum()
  }
}
