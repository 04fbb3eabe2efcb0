import IMAP
import Mail

/// The numberings of mailboxes that are gone: whoever still speaks of their messages must not meet those of another one
/// that takes the name (law L8).
///
/// A daemon that runs for months meets ever new names. So no more is kept of each than a hash, and of very many only
/// those that went last. Of two names with one hash, one is not guarded.
struct FormerNumberings {
  /// Beyond this, those that went first are forgotten, a half at a time.
  static let countMax = 100_000

  private var early: [Int: UIDValidity] = [:]
  private var late: [Int: UIDValidity] = [:]

  /// Nil for a folder that never went, and for one whose numbering nobody knew.
  subscript(folder: FolderName) -> UIDValidity? { late[folder.hashValue] ?? early[folder.hashValue] }

  mutating func note(_ numbering: UIDValidity, of folder: FolderName) {
    if late.count >= Self.countMax / 2 { (early, late) = (late, [:]) }
    late[folder.hashValue] = numbering
  }

  /// Nobody speaks of its messages any more.
  mutating func forget(_ folder: FolderName) {
    early[folder.hashValue] = nil
    late[folder.hashValue] = nil
  }
}

extension IMAPStore {
  /// The UIDVALIDITY under which the engine speaks of messages in the folder, also while no mailbox goes by its name.
  func numbering(of folder: FolderName) -> UIDValidity? {
    if let memory = memories[folder] { memory.validity } else { formerNumberings[folder] }
  }

  /// For a folder without a memory: all that was kept.
  func newMemory(of folder: FolderName, _ mailbox: MailboxName) -> FolderMemory {
    FolderMemory(mailbox: mailbox, validity: formerNumberings[folder])
  }

  /// Keeps nothing of a mailbox that is gone but its numbering.
  func mailboxIsGone(_ folder: FolderName) {
    if let numbering = memories[folder]?.validity { formerNumberings.note(numbering, of: folder) }
    memories[folder] = nil
  }

  /// The name is ours to give, or was: what goes by it from now on is no other's.
  func setMemory(_ memory: FolderMemory?, of folder: FolderName) {
    formerNumberings.forget(folder)
    memories[folder] = memory
  }
}
