/// How far an account's pass is, as the daemon tells it to the one who asked for the pass.
package struct SyncProgress: Hashable, Sendable, Codable {
  package var account: String
  package var foldersDone: Int
  package var foldersTotal: Int
  package var messagesDone: Int
  package var messagesTotal: Int
  package var bytesDone: Int
  package var bytesTotal: Int
  package var folder: String?

  package init(
    account: String, folders: (done: Int, total: Int) = (0, 0), messages: (done: Int, total: Int) = (0, 0),
    bytes: (done: Int, total: Int) = (0, 0), folder: String? = nil
  ) {
    self.account = account
    foldersDone = folders.done
    foldersTotal = folders.total
    messagesDone = messages.done
    messagesTotal = messages.total
    bytesDone = bytes.done
    bytesTotal = bytes.total
    self.folder = folder
  }
}
