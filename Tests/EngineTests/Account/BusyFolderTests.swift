import Engine
import Mail
import Ports
import Reactor
import Reconciliation
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

  @Test("looks at what came during a pass although a dry run has looked before it (L2)", arguments: Side.allCases)
  func dryRunMeanwhile(side: Side) async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      try await whileRunning(account) { runner in
        let gate = Gate(there, .inbox)
        here.put(SimulatedMessage("one"))
        await Self.turns { account.faults.log.last == "\(there.title) add" }
        here.put(SimulatedMessage("two"))
        let lists = account.faults.log.count { $0 == "far list" }
        let dryRun = Loop.task {
          do {
            _ = try await runner.fullPass(PassOptions(isDryRun: true), names: nil)
          } catch {
            Issue.record(error)
          }
        }
        await Self.turns { account.faults.log.count { $0 == "far list" } > lists }
        for _ in 0..<100 { await Task.yield() }
        gate.isOpen = true
        await dryRun.value
        await Self.turns { there.key(of: "two") != nil }
      }
    }
  }
}
