import Mail
import Ports
import Reconciliation

/// What was deleted from the local store a moment ago and can be taken back without a transfer, when the same message
/// shows up in another folder: the other half of a move on the server. The ledger has it; here is known what somebody
/// is at.
@Loop
final class LimboClaims {
  private var taken: Set<MessageKey> = []

  /// Whatever was kept with these traits. Without a Message-ID sameness could not be told from traits alone: such
  /// messages are kept for a person, and not found by this.
  func digests(of wanted: DatedTraits, in ledger: any Ledger) throws(LedgerError) -> Set<MessageDigest> {
    Set(try entries(wanted, ledger).map(\.identity.digest))
  }

  /// The kept message with just these traits, the caller's until it is given back.
  func take(_ wanted: DatedTraits, from ledger: any Ledger) throws(LedgerError) -> LimboEntry? {
    guard let entry = try entries(wanted, ledger).first(where: { !taken.contains($0.key) }) else { return nil }
    taken.insert(entry.key)
    return entry
  }

  /// What has been kept since before `seconds`, the caller's until it is given back.
  func take(keptBefore seconds: Int64, from ledger: any Ledger) throws(LedgerError) -> [LimboEntry] {
    let entries = try ledger.limbo(before: seconds).filter { !taken.contains($0.key) }
    taken.formUnion(entries.map(\.key))
    return entries
  }

  /// It is gone from the ledger, or may be tried again.
  func giveBack(_ entries: [LimboEntry]) { taken.subtract(entries.map(\.key)) }

  private func entries(_ wanted: DatedTraits, _ ledger: any Ledger) throws(LedgerError) -> [LimboEntry] {
    try ledger.limbo(wireSize: wanted.wireSize, messageID: wanted.messageID).filter { $0.date == wanted.date }
  }
}
