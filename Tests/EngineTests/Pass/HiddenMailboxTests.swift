import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// A server in trouble, which is to be told from one whose mail somebody has deleted.
@Suite("A mailbox that shows nothing for a while")
struct HiddenMailboxTests {
  /// And a message that somebody deletes here meanwhile.
  @Loop
  private static func hidden() async throws -> (SimulatedAccount, SimulatedStore.Folder) {
    let texts = (0..<30).map { "m\($0)" }
    let account = try await SimulatedAccount.filled(texts)
    let mailbox = try #require(account.far.folders[.inbox])
    for text in texts { account.far.remove(try #require(account.far.key(of: text))) }
    account.near.remove(try #require(account.near.key(of: "m7")))
    return (account, mailbox)
  }

  @Loop
  private static func comesBack(_ mailbox: SimulatedStore.Folder, of account: SimulatedAccount) async throws {
    account.far.folders[.inbox] = mailbox
    #expect(try await account.sync().isClean)
    #expect(account.near.contents().count == 29 && account.near.key(of: "m7") == nil)
    #expect(account.near.contents() == account.far.contents())
  }

  @Test("brings back nothing that was deleted here meanwhile (L3, L9)")
  func deletedWhileHidden() async throws {
    try await Reactor.onShared {
      let (account, mailbox) = try await Self.hidden()
      #expect(try await account.sync().held.map(\.deletions) == [29])
      try await Self.comesBack(mailbox, of: account)
    }
  }

  @Test("nor where the deletions are left to a later pass, for folders came meanwhile (L3, L9)")
  func deletedWhileHiddenAndOvertaken() async throws {
    try await Reactor.onShared {
      let (account, mailbox) = try await Self.hidden()
      let context = account.context()
      try await context.open()
      account.recorder.onEvent = { if case .passStarted = $0 { context.foldersDidChange() } }
      _ = try await FullPass(context: context, options: PassOptions(), names: nil).run()
      account.recorder.onEvent = { _ in }
      try await Self.comesBack(mailbox, of: account)
    }
  }
}
