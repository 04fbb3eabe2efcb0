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

  package let folder: FolderName
  /// Where it is deleted.
  package let side: Side
  package let records: [PairRecord]
  package let evidence: Evidence
  /// True where a person lifted the brake for it.
  package let isAllowedByPerson: Bool

  package init(
    folder: FolderName, side: Side, records: [PairRecord], evidence: Evidence, isAllowedByPerson: Bool
  ) {
    self.folder = folder
    self.side = side
    self.records = records
    self.evidence = evidence
    self.isAllowedByPerson = isAllowedByPerson
  }
}
