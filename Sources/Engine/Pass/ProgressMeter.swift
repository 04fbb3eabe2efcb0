import Mail
import Ports

/// Counts what a pass has done of what it knows to be left, and tells the observer.
@Loop
final class ProgressMeter {
  private let context: AccountContext
  private var progress = PassProgress()

  init(_ context: AccountContext) { self.context = context }

  func expectFolders(_ count: Int) { change { $0.foldersTotal += count } }
  func folderDone() { change { $0.foldersDone += 1 } }

  func expectMessages(_ count: Int, bytes: Int, in folder: FolderName) {
    change {
      $0.messagesTotal += count
      $0.bytesTotal = $0.bytesTotal.addingClamped(bytes)
      $0.folder = folder
    }
  }

  func messageDone(bytes: Int) {
    change {
      $0.messagesDone += 1
      $0.bytesDone = $0.bytesDone.addingClamped(bytes)
    }
  }

  private func change(_ body: (inout PassProgress) -> Void) {
    body(&progress)
    context.tell(.progress(progress))
  }
}
