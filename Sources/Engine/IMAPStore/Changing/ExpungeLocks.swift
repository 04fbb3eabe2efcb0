import Mail
import Ports

/// Who may mark messages of a mailbox for deletion, on a server without UIDPLUS.
///
/// Its EXPUNGE takes all that is marked, so it is sent only where a SEARCH shows none but the messages that are to go.
/// What another of our connections marks between the two would go, too: a person's \Deleted on its way to the server,
/// or a copy of a message that bears that mark (law L10).
@Loop
final class ExpungeLocks {
  private var locks: [FolderName: AsyncLock] = [:]

  /// Nobody else does the same there meanwhile; whoever waits does so for as long as an upload takes. To be used with a
  /// connection at hand, and asking for no other: who holds the lock needs nothing of those who wait for it.
  func alone<Value>(
    in folder: FolderName, _ body: @Loop () async throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    let lock = locks[folder] ?? AsyncLock()
    locks[folder] = lock
    await lock.acquire()
    defer { lock.release() }
    return try await body()
  }
}

extension IMAPStore {
  /// Does what may mark messages for deletion, or expunges them: on a server without UIDPLUS not while another connection
  /// of ours does either.
  func marking<Value>(
    in folder: FolderName, if mayMark: Bool = true, _ body: @Loop () async throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    guard mayMark, features?.hasUIDPlus != true else { return try await body() }
    return try await expungeLocks.alone(in: folder, body)
  }
}
