import Mail
import Ports
import Reconciliation

/// What keeps folders from syncing. Says once that something fails, and once that it is over; whoever is told may ask at
/// once.
@Loop
final class FolderFailures {
  private(set) var errors: [FolderID: StoreError] = [:]

  /// How passes over these folders have ended.
  func note(_ failed: [FolderID: StoreError], of folders: [FolderID], in context: AccountContext) {
    for id in folders {
      guard let title = context.folders[id]?.title else { continue }
      switch (errors[id], failed[id]) {
      case (nil, nil): continue
      case (_?, nil): context.tell(.recovered(title))
      case (_, let now?) where now.kind == .gone:
        // The folder went away; the discovery that follows says what becomes of it.
        continue
      case (let before, let now?):
        if before?.text != now.text { context.tell(.problem(.init(folder: title, reason: now.text))) }
      }
      errors[id] = failed[id]
    }
  }

  /// The others are gone.
  func keepOnly(_ folders: Set<FolderID>) { errors = errors.filter { folders.contains($0.key) } }
}
