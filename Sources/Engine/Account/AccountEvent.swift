package import Mail
package import Ports
package import Reconciliation

/// What an account tells of itself, for logs, status and progress.
package enum AccountEvent: Equatable, Sendable {
  case phaseChanged(AccountPhase)
  case watching([FolderName: Sides<WatchKind>])
  /// Why that many folders are polled that could be watched; of none: why it is by polling that new folders are found.
  case unwatched(Side, folders: Int, reason: String)
  case passStarted(folders: Int)
  case progress(PassProgress)
  /// A folder's pass ended; nothing is told of one that changed nothing.
  case folderSynced(FolderName, PassReport)
  case passFinished(PassReport)
  /// Told before it is done.
  case deleting(DeletionNotice)
  /// The brake holds no message on that side any more: of a folder, or (nil) for the account's sake. `isAllowed` where a
  /// person allowed that they go.
  case released(FolderName?, Side, isAllowed: Bool)
  /// A local store was found to be an older copy of itself, as from a backup: its folders are matched anew.
  case olderCopy(Side)
  case problem(PassReport.Problem)
  /// What was told as a problem of this folder (or of the account) is over.
  case recovered(FolderName?)
}

/// Where an account stands.
package enum AccountPhase: Equatable, Sendable {
  case stopped
  case connecting
  case syncing
  /// Everything is in sync and changes are waited for.
  case watching
  /// Out of service until then, or until the network changes.
  case waiting(reason: String, StoreError.Kind, retryIn: Duration)

  /// True where the account is, or was a moment ago, without a connection that works.
  package var isSetback: Bool {
    switch self {
    case .connecting, .waiting: true
    case .stopped, .syncing, .watching: false
    }
  }
}

/// How far a pass is.
package struct PassProgress: Equatable, Sendable {
  package var foldersDone = 0
  package var foldersTotal = 0
  package var messagesDone = 0
  package var messagesTotal = 0
  package var bytesDone = 0
  package var bytesTotal = 0
  package var folder: FolderName?

  package init() {}
}

/// Who hears them. Called on the loop; must not wait.
@Loop
package protocol AccountObserver: AnyObject, Sendable {
  func account(_ name: String, _ event: AccountEvent)
}
