import Control
import LedgerSQLite
import Mail
import Ports
import Reconciliation

/// What a ledger says of its account, read without changing anything.
@Loop
struct LedgerView {
  private let ledger: SQLiteLedger
  private let folders: [LedgerFolder]
  let pairCount: Int
  /// With the remote folder's name.
  let setAside: [(folder: String, message: SetAsideStatus)]
  /// Folders in which a delivery was interrupted.
  let interrupted: [String]
  private let markers: [Side: String]

  /// The ledger in `directory`; it must be there. Nil where its making was broken off, as on a full disk.
  init?(lookingInto directory: String) throws(LedgerError) {
    ledger = try SQLiteLedger(lookingInto: directory)
    guard try ledger.isBegun() else {
      ledger.close()
      return nil
    }
    folders = try ledger.folders()
    var (pairs, aside, interrupted) = (0, [(folder: String, message: SetAsideStatus)](), [String]())
    for folder in folders {
      let name = printable("\(folder.names.far)")
      pairs += try ledger.pairCount(in: folder.id)
      aside += try ledger.setAside(in: folder.id).map { (name, SetAsideStatus($0)) }
      if try !ledger.intents(in: folder.id).isEmpty { interrupted.append(name) }
    }
    (pairCount, setAside, self.interrupted) = (pairs, aside, interrupted)
    var markers: [Side: String] = [:]
    for side in Side.allCases { markers[side] = try ledger.fact(RootMarkers.fact(side)) }
    self.markers = markers
  }

  var folderCount: Int { folders.count }

  func names(on side: Side) -> [FolderName] { folders.map { $0.names[side] } }

  /// By which the Maildir on `side` is known again; nil before the first sync.
  func marker(_ side: Side) -> String? { markers[side] }

  /// The names of the files that the ledger knows of a folder.
  func fileNames(in folder: FolderName, on side: Side) throws(LedgerError) -> Set<String> {
    guard let row = folders.first(where: { $0.names[side] == folder }) else { return [] }
    return Set(try ledger.pairs(in: row.id).compactMap { $0[side].key.fileName })
  }

  /// Keywords that a folder's messages have on the other side only.
  func keywordsBeyond(_ folder: FolderName, on side: Side) throws(LedgerError) -> Set<Keyword> {
    guard let row = folders.first(where: { $0.names[side] == folder }) else { return [] }
    return try ledger.pairs(in: row.id).reduce(into: []) { keywords, pair in
      keywords.formUnion(pair[side.other].flags.subtracting(pair[side].flags).keywords)
    }
  }

  func close() { ledger.close() }
}
