import Mail
import Ports
import Reconciliation

/// Which folders of an account's two sides are watched, and how. Says when that changes, and why something is not.
@Loop
final class AccountWatches {
  private let context: AccountContext
  private var folders: [SyncedFolder] = []
  private(set) var kinds: Sides<[FolderName: WatchKind]> = Sides(near: [:], far: [:])

  init(_ context: AccountContext) { self.context = context }

  /// True where the folder's events are told, or it is known that they are not.
  func cover(_ folder: SyncedFolder) -> Bool { kinds.far[folder.names.far] != nil }

  /// Local folders that nobody tells of: the kernel's limit is reached, or a directory is missing. A server's, its store
  /// polls itself.
  var unwatchedHere: [FolderName] {
    guard context.stores.near.isLocal else { return [] }
    return kinds.near.filter { $0.value == .poll }.keys.sorted()
  }

  /// To be called before the first look, so that nothing falls between.
  func arm(_ folders: [SyncedFolder]) async throws(StoreError) {
    for side in Side.allCases {
      kinds[side] = try await context.stores[side].watch(folders.map(\.names[side]))
    }
    self.folders = folders
    tellKinds()
    tellReasons()
  }

  /// What could not be watched here before may be by now. Answers the folders that are: they were looked at before that.
  func armAgain() async throws(StoreError) -> [FolderName] {
    let polled = unwatchedHere
    guard !polled.isEmpty else { return [] }
    let before = kinds.near
    kinds.near = try await context.stores.near.watch(folders.map(\.names.near))
    guard kinds.near != before else { return [] }
    tellKinds()
    return polled.filter { kinds.near[$0] != .poll }
  }

  /// Nobody polls for a folder that one side has no more.
  func forget(besides folders: [SyncedFolder]) {
    let there = Set(folders.map(\.id))
    self.folders.removeAll { !there.contains($0.id) }
    let before = kinds
    for side in Side.allCases {
      let names = Set(folders.map(\.names[side]))
      kinds[side] = kinds[side].filter { names.contains($0.key) }
    }
    if kinds != before { tellKinds() }
  }

  private func tellKinds() {
    var told: [FolderName: Sides<WatchKind>] = [:]
    for folder in folders {
      guard let near = kinds.near[folder.names.near], let far = kinds.far[folder.names.far] else { continue }
      told[folder.title] = Sides(near: near, far: far)
    }
    context.tell(.watching(told))
  }

  private func tellReasons() {
    for side in Side.allCases {
      let store = context.stores[side]
      for (reason, folders) in Dictionary(grouping: store.watchFailures, by: \.value).mapValues(\.count) {
        context.tell(.unwatched(side, folders: folders, reason: reason))
      }
      if let reason = store.treeWatchFailure { context.tell(.unwatched(side, folders: 0, reason: reason)) }
    }
  }
}
