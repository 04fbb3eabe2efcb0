package import Mail
package import Ports
package import Reconciliation

/// How an account stands at this moment, for `martlet status`.
package struct AccountSnapshot: Equatable, Sendable {
  package struct Folder: Equatable, Sendable {
    package let names: Sides<FolderName>
    package let watch: Sides<WatchKind?>
    /// Why it is polled, where it could be watched.
    package let watchFailures: Sides<String?>
    package let messages: Int
    /// Seconds since 1970 of the last complete pass that ended well.
    package let lastSync: Int64?
    /// True while a pass is queued or runs.
    package let isBusy: Bool
    package let held: [PassReport.Held]
    package let setAside: [SetAside]
    package let lastError: String?
  }

  package let name: String
  package let stores: Sides<String>
  package let phase: AccountPhase
  package let folders: [Folder]
  /// Seconds since 1970; nil before the first full pass.
  package let lastFullPass: Int64?
  package let lastError: String?
  /// What the last full pass could not sync, of what is in none of `folders`.
  package let problems: [PassReport.Problem]

  /// Seconds since 1970 of the last pass that ended well, over everything or over a folder that events told of.
  package var lastSync: Int64? { ([lastFullPass] + folders.map(\.lastSync)).compactMap(\.self).max() }
}

extension AccountSnapshot {
  /// From what is in memory and in the ledger. What the ledger cannot tell is left out, not guessed.
  @Loop
  package static func of(
    _ context: AccountContext, phase: AccountPhase, watchKinds: Sides<[FolderName: WatchKind]>?,
    failures: [FolderID: StoreError], lastFullPass: Int64?, lastError: String?, problems: [PassReport.Problem]
  ) -> AccountSnapshot {
    var ledgerError: String?
    let folders = context.folders.all.sorted { $0.names.far < $1.names.far }.map { folder in
      var messages = 0
      var aside: [SetAside] = []
      do throws(LedgerError) {
        messages = try context.ledger.pairCount(in: folder.id)
        aside = try context.ledger.setAside(in: folder.id)
      } catch {
        ledgerError = error.text
      }
      return Folder(
        names: folder.names,
        watch: Sides(near: watchKinds?.near[folder.names.near], far: watchKinds?.far[folder.names.far]),
        watchFailures: Sides(
          near: context.stores.near.watchFailures[folder.names.near],
          far: context.stores.far.watchFailures[folder.names.far]),
        messages: messages, lastSync: folder.lastSync, isBusy: folder.lock.isHeld, held: folder.held, setAside: aside,
        lastError: failures[folder.id]?.text)
    }
    return AccountSnapshot(
      name: context.name, stores: Sides(near: context.stores.near.title, far: context.stores.far.title), phase: phase,
      folders: folders, lastFullPass: lastFullPass, lastError: lastError ?? ledgerError,
      problems: problems.filter { $0.folder.map { context.folders[.far, $0] == nil } ?? true })
  }
}
