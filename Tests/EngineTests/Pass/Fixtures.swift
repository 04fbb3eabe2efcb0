import Engine
import Mail
import Ports
import Reconciliation
import Simulation

extension SimulatedAccount {
  /// Both sides hold these messages, and the base knows it.
  @Loop
  static func filled(
    _ texts: [String] = ["a", "b", "c"], folders: [FolderName] = [.inbox], near: SimulatedStore.Kind = .maildir,
    far: SimulatedStore.Kind = .server
  ) async throws -> SimulatedAccount {
    let account = SimulatedAccount(near: near, far: far)
    for folder in folders { account.far.folders[folder] = SimulatedStore.Folder() }
    for text in texts { account.far.put(SimulatedMessage(text)) }
    try await account.sync()
    return account
  }
}
