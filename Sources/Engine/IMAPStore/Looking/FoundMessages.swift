import IMAP
import Mail
import Ports

/// The answers to one or more SEARCHes.
@Loop
final class FoundMessages {
  private var found = UIDSet()
  private var isUnreadable = false

  /// True where it was such an answer.
  func take(_ untagged: Untagged) -> Bool {
    switch untagged {
    case .search(let uids): found.formUnion(uids)
    // IMAP4rev2 answers every SEARCH so.
    case .esearch(let response): found.formUnion(response.all ?? UIDSet())
    case .unreadable:
      isUnreadable = true
      return false
    default: return false
    }
    return true
  }

  /// An answer that could not be read must not be taken for one that found nothing (law L8).
  func uids(in folder: FolderName, of store: IMAPStore) throws(StoreError) -> UIDSet {
    guard !isUnreadable else {
      throw StoreError(
        .folder, .refused, "\(store.title): what the server found in \(printable("\(folder)")) could not be read")
    }
    return found
  }
}
