import Mail
import Ports
import Reconciliation

/// On which file system a local folder lies: its root's, or one of its own, as a disk that is mounted within a Maildir.
///
/// Where that is not mounted, there is what lies under it, and it may well be an empty folder; what is mounted over a
/// folder hides its messages. Neither is a word about them (law L8), but what both sides have may go on.
@Loop
struct FolderMount {
  let context: AccountContext
  let folder: SyncedFolder
  let side: Side

  /// Remembers where the folder lies. Throws where it lies elsewhere by now, and messages are not there.
  func require(_ look: Look, _ options: PassOptions) throws(StoreError) {
    guard let isOwn = look.isOnOwnFileSystem else { return }
    let wasOwn = try wasOwn()
    guard isOwn != wasOwn else { return }
    let missed = try FolderMending(context: context, folder: folder, side: side).messagesMissed(in: look)
    guard missed == 0 || options.allowsDeletions else {
      let messages = counted(missed, "message")
      let change =
        wasOwn
        ? "was on a file system of its own on the \(side) side, which is not mounted now"
        : "is on a file system of its own on the \(side) side now"
      throw StoreError(
        .folder, .needsPerson,
        "it \(change), and \(messages) of before are not there; they are not taken for deleted. Bring it back, or allow "
          + "their deletion with --allow-deletions")
    }
    guard !options.isDryRun else { return }
    try context.setFact(Self.fact(folder.id, side), to: isOwn ? "own" : nil)
  }

  /// True where it lay on a file system of its own when it was last looked at.
  func wasOwn() throws(StoreError) -> Bool { try context.fact(Self.fact(folder.id, side)) != nil }

  /// The folder is one no more.
  static func forget(_ folder: FolderID, _ context: AccountContext) throws(StoreError) {
    for side in Side.allCases { try context.forgetFact(fact(folder, side)) }
  }

  private static func fact(_ folder: FolderID, _ side: Side) -> String {
    "\(side) file system of folder \(folder.rawValue)"
  }
}
