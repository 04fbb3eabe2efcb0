import Mail
import Ports

extension FolderWatching {
  /// The one connection by which NOTIFY tells of all folders goes from one that is removed to another. False where it is
  /// none, or nothing else can be opened.
  func movedOn(_ member: PooledConnection, from folder: FolderName) async -> Bool {
    guard notifyStep != nil, isWatcher(member) else { return false }
    do throws(StoreError) {
      try await store.pool.lease(member)
    } catch {
      return false
    }
    defer { store.pool.release(member) }
    for other in kinds.keys.filter({ $0 != folder && !$0.isInbox }).sorted() + [.inbox] where member.isOpen {
      do throws(StoreError) {
        member.watch(other, try store.mailboxName(of: other))
        try await store.selectToWatch(other, on: member)
        return true
      } catch {
        continue
      }
    }
    return false
  }
}
