import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

/// On a server that keeps no two alike in one folder, as Gmail does.
@Suite("Of two messages that are one on the server")
struct TwinsTests {
  private static let archive = FolderName("Archive")

  @Test("one is set aside and named, and everything else is synced (L11)")
  func sent() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.far.keepsNoTwins = true
      for _ in 1...2 { account.near.put(SimulatedMessage("x")) }
      account.near.put(SimulatedMessage("y"))
      let report = try await account.sync()
      #expect(report.problems.count == 1)
      #expect(report.problems.first?.reason.contains("as another message") == true)
      #expect(account.near.contents().map(\.text) == ["a", "b", "c", "x", "x", "y"])
      #expect(account.far.contents().map(\.text) == ["a", "b", "c", "x", "y"])
      // The one that has its partner goes on as ever.
      account.far.setFlags(FlagSet(.flagged), of: try #require(account.far.key(of: "x")))
      try await account.sync()
      #expect(account.near.contents().count { $0.flags.system.contains(.flagged) } == 1)
    }
  }

  @Test("one that was moved or copied to the other's folder stays there (L1, L11)", arguments: [true, false])
  func placed(isCopy: Bool) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.far.put(SimulatedMessage("a"), in: archive)
      try await account.sync()
      account.far.keepsNoTwins = true
      if isCopy { account.near.put(SimulatedMessage("a"), in: archive) } else { account.near.move("a", to: archive) }
      account.near.put(SimulatedMessage("y"), in: archive)
      for _ in 1...3 {
        let report = try await account.sync()
        #expect(report.problems.count == 1)
        #expect(account.near.contents(of: archive).map(\.text) == ["a", "a", "y"])
        #expect(account.far.contents(of: archive).map(\.text) == ["a", "y"])
        for store in [account.near, account.far] {
          #expect(store.contents().map(\.text) == (isCopy ? ["a", "b", "c"] : ["b", "c"]))
        }
      }
    }
  }
}
