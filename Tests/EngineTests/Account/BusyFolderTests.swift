import Engine
import Mail
import Ports
import Reactor
import Simulation
import Testing

/// What comes while an account's folders are being passed.
@Suite("A running account with a long upload", .timeLimit(.minutes(1)))
struct BusyFolderTests {
  /// Lets what is stored there wait.
  @Loop
  private final class Gate {
    var isOpen = false

    init(_ store: SimulatedStore, _ folder: FolderName) {
      store.beforeStoring = { name in
        while name == folder, !self.isOpen { await Task.yield() }
      }
    }
  }

  @Loop
  private static func turns(until isSo: @Loop () -> Bool) async {
    for _ in 0..<2_000 where !isSo() { await Task.yield() }
    #expect(isSo())
  }

  @Test("brings what comes to another folder, also to one whose news came with what it uploads (L11)")
  func anotherFolder() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      try await whileRunning(account) { _ in
        let gate = Gate(account.far, archive)
        account.near.put(SimulatedMessage("large"), in: archive)
        account.near.put(SimulatedMessage("one"))
        await Self.turns { account.far.key(of: "one") != nil }
        account.near.put(SimulatedMessage("two"))
        await Self.turns { account.far.key(of: "two") != nil }
        #expect(account.far.key(of: "large", in: archive) == nil)
        gate.isOpen = true
        await Self.turns { account.far.key(of: "large", in: archive) != nil }
      }
      #expect(account.near.contents() == account.far.contents())
    }
  }

  @Test("deletes nothing before what was told with it is there (L1)")
  func deletionWaits() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      try await whileRunning(account) { _ in
        let gate = Gate(account.far, archive)
        account.near.put(SimulatedMessage("large"), in: archive)
        account.near.remove(try #require(account.near.key(of: "a")))
        await Self.turns { account.faults.log.last == "far add" }
        for _ in 0..<500 { await Task.yield() }
        #expect(account.far.key(of: "a") != nil)
        gate.isOpen = true
        await Self.turns { account.far.key(of: "a") == nil }
      }
      #expect(account.far.contents(of: archive).map(\.text) == ["large"])
    }
  }
}
