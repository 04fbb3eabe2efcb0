import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// What was moved to where something keeps it from coming over is deleted nowhere until it has come (law L1).
@Suite("A message that was moved to a folder out of sync")
struct UntakenMessagesTests {
  private static let archive = FolderName("Archive")

  @Test("stays on the server in its old folder until that folder is in sync, and then moves without a transfer")
  func failingFolder() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let (near, far) = (account.near, account.far)
      near.move("a", to: archive)
      near.remove(try #require(near.key(of: "b")))
      account.faults.refused = ["far look Archive"]
      for _ in 1...2 {
        let report = try await account.sync()
        #expect(report.problems.contains { $0.folder == .inbox && $0.reason.contains("Archive, which is not in sync") })
        #expect(far.contents().map(\.text) == ["a", "c"], "what lies nowhere else goes as ever")
      }
      account.faults.refused = []
      let transfers = far.transfers
      #expect(try await account.sync().isClean)
      #expect(far.contents().map(\.text) == ["c"])
      #expect(far.contents(of: archive).map(\.text) == ["a"])
      #expect(far.transfers == transfers)
    }
  }

  @Test("may be any that goes, where the folder cannot be looked at on this disk")
  func unreadableFolder() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.near.move("a", to: archive)
      account.faults.refused = ["near look Archive"]
      let report = try await account.sync()
      #expect(report.problems.contains { $0.folder == .inbox && $0.reason.contains("Archive, which is not in sync") })
      #expect(account.far.contents().map(\.text) == ["a", "b", "c"])
      account.faults.refused = []
      #expect(try await account.sync().isClean)
      #expect(account.far.contents(of: archive).map(\.text) == ["a"])
    }
  }

  @Test("goes here where it was moved on the server, which has it")
  func failingMailbox() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.far.move("a", to: archive)
      account.faults.refused = ["far look Archive"]
      try await account.sync()
      #expect(account.near.contents().map(\.text) == ["b", "c"])
      account.faults.refused = []
      #expect(try await account.sync().isClean)
      #expect(account.near.contents(of: archive).map(\.text) == ["a"])
    }
  }

  @Test("stays on the server while its new place is set aside", arguments: [false, true])
  func setAside(isAllowed: Bool) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let (near, far) = (account.near, account.far)
      far.refused = ["x"]
      near.put(SimulatedMessage("x"), in: archive)
      #expect(try await account.sync().problems.map(\.folder) == [archive])
      far.put(SimulatedMessage("x"))
      try await account.sync()
      near.remove(try #require(near.key(of: "x")))
      let report = try await account.sync(PassOptions(allowsDeletions: isAllowed))
      #expect(report.problems.contains { $0.reason.contains("may have been moved to the local Archive") } == !isAllowed)
      #expect(far.contents().map(\.text).contains("x") == !isAllowed)
    }
  }
}
