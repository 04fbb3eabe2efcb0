package import Mail
package import Ports
package import Reconciliation

/// What is about to be deleted, where, and by what it was seen that somebody wanted that: enough to explain it years
/// later.
package struct DeletionNotice: Equatable, Sendable {
  /// By what a deletion was seen on the other side (law L1).
  package enum Evidence: String, Sendable {
    /// EXPUNGE or VANISHED; in a Maildir, a file that was looked for and is not there.
    case seenGone = "seen gone"
    /// A complete listing of the folder did not have it.
    case notListed = "not in a complete listing"
    /// The folder is gone, and a person allowed it or each message is in another folder, too.
    case folderGone = "folder gone"
  }

  /// Where it goes.
  package enum Way: String, Sendable {
    /// On the server, for good.
    case expunged
    /// To the folder that a person named for it, on the server.
    case trash
    /// From the Maildir, where it may be kept aside for a while.
    case removed
  }

  package let folder: FolderName
  /// Where it is deleted.
  package let side: Side
  package let records: [PairRecord]
  package let evidence: Evidence
  package let way: Way
  /// True where a person lifted the brake for it.
  package let isAllowedByPerson: Bool

  package init(
    folder: FolderName, side: Side, records: [PairRecord], evidence: Evidence, way: Way, isAllowedByPerson: Bool
  ) {
    self.folder = folder
    self.side = side
    self.records = records
    self.evidence = evidence
    self.way = way
    self.isAllowedByPerson = isAllowedByPerson
  }
}
