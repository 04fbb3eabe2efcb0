import Mail
import Ports
import Reconciliation

/// The folder pairs of an account, found by their ledger row or by either name.
@Loop
final class FolderIndex {
  private var byID: [FolderID: SyncedFolder] = [:]
  private var byName = Sides<[FolderName: SyncedFolder]>(near: [:], far: [:])

  var all: some Collection<SyncedFolder> { byID.values }

  subscript(id: FolderID) -> SyncedFolder? { byID[id] }
  subscript(side: Side, name: FolderName) -> SyncedFolder? { byName[side][name] }

  func insert(_ folder: SyncedFolder) {
    byID[folder.id] = folder
    for side in Side.allCases { byName[side][folder.names[side]] = folder }
  }

  func remove(_ id: FolderID) {
    guard let folder = byID.removeValue(forKey: id) else { return }
    folder.isRemoved = true
    for side in Side.allCases where byName[side][folder.names[side]] === folder {
      byName[side][folder.names[side]] = nil
    }
  }

  func removeAll() {
    byID.removeAll()
    byName = Sides(near: [:], far: [:])
  }
}
