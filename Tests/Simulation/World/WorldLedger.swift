package import Mail
package import Ports
package import Reconciliation

/// The ledger as one process has it: the real one, which changes nothing any more once the process is dead.
@Loop
package final class WorldLedger: Ledger {
  private let vault: LedgerVault
  private let life: Lifeline
  private var isClosed = false
  /// Is shown each transaction before it is made (law L4).
  package var onCommit: @Loop ([LedgerChange]) -> Void = { _ in }

  init(_ vault: LedgerVault, _ life: Lifeline) {
    self.vault = vault
    self.life = life
  }

  // MARK: Looking

  package func folders() throws(LedgerError) -> [LedgerFolder] { try real().folders() }
  package func pairs(in folder: FolderID) throws(LedgerError) -> [Pair] { try real().pairs(in: folder) }

  package func pairs(
    in folder: FolderID, side: Side, keys: some Collection<MessageKey>
  ) throws(LedgerError) -> [Pair] {
    try real().pairs(in: folder, side: side, keys: keys)
  }

  package func pairCount(in folder: FolderID) throws(LedgerError) -> Int { try real().pairCount(in: folder) }
  package func record(of pair: PairID) throws(LedgerError) -> PairRecord? { try real().record(of: pair) }
  package func records(digest: MessageDigest) throws(LedgerError) -> [PairRecord] {
    try real().records(digest: digest)
  }
  package func records(wireSize: Int, messageID: String?) throws(LedgerError) -> [PairRecord] {
    try real().records(wireSize: wireSize, messageID: messageID)
  }
  package func records(in folder: FolderID) throws(LedgerError) -> [PairRecord] { try real().records(in: folder) }
  package func uids(in folder: FolderID, side: Side, from uid: UID) throws(LedgerError) -> [UID] {
    try real().uids(in: folder, side: side, from: uid)
  }
  package func records(
    in folder: FolderID, behind key: MessageKey?, limit: Int
  ) throws(LedgerError) -> [PairRecord] {
    try real().records(in: folder, behind: key, limit: limit)
  }
  package func intents(in folder: FolderID) throws(LedgerError) -> [Intent] { try real().intents(in: folder) }
  package func setAside(in folder: FolderID?) throws(LedgerError) -> [SetAside] { try real().setAside(in: folder) }
  package func setAside(
    in folder: FolderID, side: Side, keys: some Collection<MessageKey>
  ) throws(LedgerError) -> [SetAside] {
    try real().setAside(in: folder, side: side, keys: keys)
  }
  package func limbo(before seconds: Int64?) throws(LedgerError) -> [LimboEntry] {
    try real().limbo(before: seconds)
  }
  package func limbo(wireSize: Int, messageID: String) throws(LedgerError) -> [LimboEntry] {
    try real().limbo(wireSize: wireSize, messageID: messageID)
  }
  package func fact(_ name: String) throws(LedgerError) -> String? { try real().fact(name) }

  // MARK: Changing

  package func addFolder(_ names: Sides<FolderName>) throws(LedgerError) -> LedgerFolder {
    let ledger = try acting("add folder")
    let row = try ledger.addFolder(names)
    vault.note(.addFolder(names))
    return row
  }

  package func removeFolder(_ id: FolderID) throws(LedgerError) {
    try acting("remove folder").removeFolder(id)
    vault.note(.removeFolder(id))
  }

  package func removePairs(in folder: FolderID, limit: Int) throws(LedgerError) -> Bool {
    let isDone = try acting("remove pairs").removePairs(in: folder, limit: limit)
    vault.note(.removePairs(folder, limit: limit))
    return isDone
  }

  package func commit(_ changes: [LedgerChange]) throws(LedgerError) {
    guard !changes.isEmpty else { return }
    let ledger = try acting("commit \(Self.excerpt(changes))")
    onCommit(changes)
    try ledger.commit(changes)
    vault.note(.commit(changes))
  }

  package func commitDurably(_ changes: [LedgerChange]) throws(LedgerError) {
    let ledger = try acting("commit durably \(Self.excerpt(changes))")
    onCommit(changes)
    try ledger.commitDurably(changes)
    vault.note(.commit(changes), isDurable: true)
  }

  package func setFact(_ name: String, to value: String?) throws(LedgerError) {
    try acting("set fact \(name)").setFact(name, to: value)
    vault.note(.setFact(name, value), isDurable: true)
  }

  /// The file stays open for the next process; what closing would do for its durability is done.
  package func close() {
    guard !isClosed, !life.isDead else { return }
    isClosed = true
    vault.closed()
  }

  // MARK: -

  private func real() throws(LedgerError) -> any Ledger {
    guard !life.isDead, !isClosed else { throw LedgerError("the process has ended") }
    return vault.current
  }

  private func acting(_ what: @autoclosure () -> String) throws(LedgerError) -> any Ledger {
    let ledger = try real()
    guard life.mayAct("ledger \(what())") else { throw LedgerError("the process has ended") }
    return ledger
  }

  private static func excerpt(_ changes: [LedgerChange]) -> String {
    guard let first = changes.first else { return "nothing" }
    let name = "\(first)".prefix { $0 != "(" }
    return changes.count == 1 ? "\(name)" : "\(name) and \(changes.count - 1) more"
  }
}
