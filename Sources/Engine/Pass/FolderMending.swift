import Mail
import Ports
import Reconciliation

/// A folder of which a part is missing, as a Maildir whose `cur` somebody removed together with all empty directories.
///
/// A directory that is not there is no word about the messages that were in it (law L8). So the part is made again where
/// none of them is missed; else a person has to say what is meant.
@Loop
struct FolderMending {
  /// Who removes a folder as a whole does so part by part.
  private static let patience = Duration.seconds(1)

  let context: AccountContext
  let folder: SyncedFolder
  let side: Side

  /// The look at the folder when it is whole again.
  func look(_ scope: LookScope, _ options: PassOptions) async throws(StoreError) -> Look {
    guard await context.sleep(Self.patience) else {
      throw StoreError(.folder, .cancelled, "stopped while a part of the folder was missing")
    }
    let store = context.stores[side]
    let look = try await store.look(at: folder.names[side], scope)
    guard let part = look.missingPart else { return look }
    let missed = try messagesMissed(in: look)
    guard missed == 0 else {
      throw StoreError(
        .folder, .needsPerson,
        "its directory \(part) on the \(side) side is not there, and with it \(missed) messages; they are not taken for "
          + "deleted. Put it back, or make an empty one if they are to be deleted")
    }
    if options.isDryRun { return look }
    try await store.createFolder(folder.names[side])
    return try await store.look(at: folder.names[side], scope)
  }

  /// How many messages of the base the look does not show.
  func messagesMissed(in look: Look) throws(StoreError) -> Int {
    let pairs = try context.withLedger { ledger throws(LedgerError) in try ledger.pairs(in: folder.id) }
    return pairs.count { look.present[$0[side].key] == nil && look.unreadable[$0[side].key] == nil }
  }
}
