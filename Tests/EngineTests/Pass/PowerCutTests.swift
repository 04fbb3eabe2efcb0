import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

/// What a power cut takes from the base is not read as what people did.
@Suite("A power cut")
struct PowerCutTests {
  /// What martlet carries out on the other side, durably, before the cut.
  enum Deed: CaseIterable { case deletedNear, deletedFar, deletedOnBoth, movedNear, movedFar }

  @Test("takes no message from whom puts it back where martlet took it from (L1)", arguments: Deed.allCases)
  func putBack(deed: Deed) async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.ledger.makeDurable()
      let (near, far) = (account.near, account.far)
      let key = try #require(near.key(of: "a"))
      let message = try #require(near.folders[.inbox]?.messages[key])
      switch deed {
      case .deletedNear: near.remove(key)
      case .deletedFar: far.remove(try #require(far.key(of: "a")))
      case .deletedOnBoth:
        near.remove(key)
        far.remove(try #require(far.key(of: "a")))
      case .movedNear: near.move("a", to: archive)
      case .movedFar: far.move("a", to: archive)
      }
      try await account.sync()
      account.ledger.cutPower()
      // As a mail reader does, under its old name.
      near.folders[.inbox]?.messages[key] = message
      near.setFlags(FlagSet(.seen), of: key)
      for key in near.folders[archive]?.messages.keys.map({ $0 }) ?? [] { near.remove(key, in: archive) }
      for _ in 1...2 { try await account.sync() }
      for store in [near, far] {
        #expect(store.contents().map(\.text) == ["a", "b", "c"])
        #expect(store.contents(of: archive).isEmpty)
      }
      #expect(near.key(of: "a") == key, "the file is the one that was put back")
      #expect(try await !account.sync().didChange)
    }
  }

  @Test("that leaves another message of what was being sent makes no pair of the two (L1, L4)")
  func tornSource() async throws {
    try await Reactor.onShared {
      @Loop func account() async throws -> SimulatedAccount {
        let account = try await SimulatedAccount.filled()
        account.near.put(SimulatedMessage("x"))
        return account
      }
      let trial = try await account()
      try await trial.sync()
      let cut = try await account()
      cut.faults.deadline = try #require(trial.faults.log.firstIndex(of: "after far store x")) + 1
      await #expect(throws: StoreError.self) { try await cut.sync() }
      cut.faults.revive()
      let key = try #require(cut.near.key(of: "x"))
      cut.near.folders[.inbox]?.messages[key] = SimulatedMessage("torn")
      for _ in 1...2 { try await cut.sync() }
      for store in [cut.near, cut.far] { #expect(store.contents().map(\.text) == ["a", "b", "c", "torn", "x"]) }
    }
  }

  @Test("is met by one barrier for what was deleted, and by none for what is new or marked")
  func barriers() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      #expect(account.ledger.barriers == 0)
      account.near.put(SimulatedMessage("x"))
      account.far.put(SimulatedMessage("y"))
      account.near.setFlags(FlagSet(.seen), of: try #require(account.near.key(of: "a")))
      for _ in 1...2 { try await account.sync() }
      #expect(account.ledger.barriers == 0)
      for text in ["a", "b"] { account.near.remove(try #require(account.near.key(of: text))) }
      for _ in 1...2 { try await account.sync() }
      #expect(account.ledger.barriers == 1)
    }
  }
}
