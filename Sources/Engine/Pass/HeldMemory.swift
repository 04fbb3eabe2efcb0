import Mail
package import Ports
import Reconciliation

/// What the brake holds in each folder, written down for whoever asks while no martlet runs: a person whose sync runs from a
/// timer has to learn of it, too (law L9).
@Loop
package enum HeldMemory {
  /// Where it is another than what was written down last.
  static func note(_ folder: SyncedFolder, in context: AccountContext) throws(StoreError) {
    let text = folder.held.map { words($0) }.joined(separator: "\n")
    guard text != folder.heldNoted else { return }
    try context.setFact(fact(folder.id), to: text.isEmpty ? nil : text)
    folder.heldNoted = text
  }

  /// In a new process.
  static func recall(_ folder: SyncedFolder, in context: AccountContext) throws(StoreError) {
    folder.heldNoted = try context.fact(fact(folder.id)) ?? ""
  }

  /// The folder is one no more.
  static func forget(_ folder: FolderID, _ context: AccountContext) throws(StoreError) {
    try context.forgetFact(fact(folder))
  }

  package static func held(in folder: LedgerFolder, _ ledger: any Ledger) throws(LedgerError) -> [PassReport.Held] {
    (try ledger.fact(fact(folder.id)) ?? "").split(separator: "\n").compactMap { held($0, in: folder.names.far) }
  }

  private static func words(_ held: PassReport.Held) -> String {
    var words =
      ["\(held.side)"] + [held.deletions, held.total, held.deleted, held.wholeFolder ? 1 : 0].map(String.init)
    if let account = held.account { words += [account.deletions, account.total, account.deleted].map(String.init) }
    return words.joined(separator: " ")
  }

  private static func held(_ line: Substring, in folder: FolderName) -> PassReport.Held? {
    let words = line.split(separator: " ")
    let counts = words.dropFirst().compactMap { Int($0) }
    guard let side = Side.allCases.first(where: { "\($0)" == words.first ?? "" }),
      counts.count == 4 || counts.count == 7
    else {
      return nil
    }
    return PassReport.Held(
      folder: folder, side: side, deletions: counts[0], total: counts[1], deleted: counts[2],
      wholeFolder: counts[3] == 1,
      account: counts.count == 7
        ? AccountBrake.Hold(deletions: counts[4], total: counts[5], deleted: counts[6]) : nil)
  }

  private static func fact(_ folder: FolderID) -> String { "held in folder \(folder.rawValue)" }
}
