import IMAP
import Mail
import Ports

/// The answers to one or more SEARCHes.
@Loop
final class FoundMessages {
  /// Ranges of messages that SEARCH may find.
  static let rangesMax = 4_000_000

  private let limit: Int
  /// In the order told: sorting once costs less than keeping in order what comes in many answers.
  private var found: [ClosedRange<UID>] = []
  private var isUnreadable = false
  /// A message came, or was marked \Deleted, while the server searched. Dovecot (2.3.19) finds what was in the view
  /// before, and then tells what has come to it.
  private(set) var isOutdated = false

  init(rangesMax: Int = FoundMessages.rangesMax) { limit = rangesMax }

  /// True where it was such an answer.
  func take(_ untagged: Untagged) -> Bool {
    switch untagged {
    case .search(let uids): add(uids)
    // IMAP4rev2 answers every SEARCH so.
    case .esearch(let response): add(response.all ?? UIDSet())
    case .exists:
      isOutdated = true
      return false
    case .fetch(let response):
      isOutdated = isOutdated || response.flags?.system.contains(.deleted) ?? true
      return false
    case .unreadable:
      isUnreadable = true
      return false
    default: return false
    }
    return true
  }

  private func add(_ uids: UIDSet) {
    guard found.count + uids.ranges.count <= limit else { return isUnreadable = true }
    found += uids.ranges
  }

  /// An answer that could not be read must not be taken for one that found nothing (law L8).
  func uids(in folder: FolderName, of store: IMAPStore) throws(StoreError) -> UIDSet {
    guard !isUnreadable else {
      throw StoreError(
        .folder, .refused, "\(store.title): what the server found in \(printable("\(folder)")) could not be read")
    }
    return UIDSet(found)
  }
}
