import Engine
import Mail
import Ports
import Reconciliation
import Simulation
import Testing

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

  /// One of these whose process died just after a step, as another one's whole pass tells which that is; alive again.
  @Loop
  static func died(
    after isStep: (String) -> Bool, _ make: @Loop () async throws -> SimulatedAccount
  ) async throws -> SimulatedAccount {
    let rehearsal = try await make()
    try await rehearsal.sync()
    let step = rehearsal.faults.log.firstIndex(where: isStep)
    let play = try await make()
    play.faults.deadline = try #require(step) + 1
    await #expect(throws: StoreError.self) { try await play.sync() }
    play.faults.revive()
    return play
  }
}
