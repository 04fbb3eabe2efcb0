import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

/// What a store refuses for want of a right stays to be done, and stops nothing else (laws L6, L11).
@Suite("A change that is refused")
struct RefusedChangesTests {
  @Test("as a deletion, leaves its folder's new mail as quick as ever", .timeLimit(.minutes(1)))
  func deletion() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.far.refuses.deletions = "read-only"
      try await whileRunning(account) { runner in
        account.near.remove(try #require(account.near.key(of: "a")))
        await account.recorder.wait { account.recorder.problems.contains { $0.reason.contains("read-only") } }
        account.far.put(SimulatedMessage("new"))
        await account.recorder.wait { account.near.key(of: "new") != nil }
        #expect(runner.snapshot().folders.allSatisfy { $0.lastError == nil })
        var report = try await runner.fullPass(PassOptions(), names: nil).report
        #expect(report.problems.map(\.reason).filter { $0.contains("read-only") }.count == 1)
        account.far.refuses.deletions = nil
        report = try await runner.fullPass(PassOptions(), names: nil).report
        #expect(report.isClean)
        #expect(account.far.contents().map(\.text) == ["b", "c", "new"])
      }
    }
  }

  @Test("lets the side that shows nothing of it be vouched for, and the other not (L2)", arguments: [true, false])
  func checkpoints(isDeletion: Bool) async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      (account.far.refuses.deletions, account.far.refuses.flags) = ("read-only", ["a"])
      let key = try #require(account.near.key(of: "a"))
      if isDeletion { account.near.remove(key) } else { account.near.setFlags(FlagSet(.seen), of: key) }
      account.far.put(SimulatedMessage("new"))
      let before = try #require(try account.ledger.folders().first).checkpoints
      try await account.sync()
      let after = try #require(try account.ledger.folders().first).checkpoints
      #expect(after.far != before.far)
      #expect(after.near == nil || after.near == before.near)
    }
  }

  @Test("as flags, is made when it is refused no more, and the folder's deletions before (L6)")
  func flags() async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      for text in ["a", "b", "c"] { account.far.put(SimulatedMessage(text, flags: FlagSet(.flagged))) }
      try await account.sync()
      account.far.refuses.flags = ["a"]
      for text in ["a", "c"] { account.near.setFlags(FlagSet(.seen), of: try #require(account.near.key(of: text))) }
      account.near.remove(try #require(account.near.key(of: "b")))
      for _ in 1...2 {
        let report = try await account.sync()
        #expect(report.problems.map(\.reason).filter { $0.contains("refuses new flags of 1 message") }.count == 1)
        #expect(account.far.contents().map(\.text) == ["a", "c"])
        #expect(account.far.contents().map(\.flags) == [FlagSet(.flagged), FlagSet(.seen)])
        #expect(account.near.contents().map(\.flags) == [FlagSet(.seen), FlagSet(.seen)])
      }
      account.far.refuses.flags = []
      #expect(try await account.sync().isClean)
      #expect(account.far.contents().map(\.flags) == [FlagSet(.seen), FlagSet(.seen)])
      #expect(try await !account.sync().didChange)
    }
  }

  @Test("as flags on both sides at once, loses neither's (L6)")
  func mutualFlags() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.far.refuses.flags = ["a"]
      account.near.setFlags(FlagSet(.seen), of: try #require(account.near.key(of: "a")))
      account.far.setFlags(FlagSet(.flagged), of: try #require(account.far.key(of: "a")))
      for _ in 1...2 { #expect(try await !account.sync().isClean) }
      account.far.refuses.flags = []
      #expect(try await account.sync().isClean)
      for store in [account.near, account.far] { #expect(store.contents().first?.flags == FlagSet([.seen, .flagged])) }
    }
  }

  @Test("as a copy, brings the content, once", arguments: [true, false])
  func copy(isMove: Bool) async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.far.refuses.copies = [archive]
      if isMove { account.near.move("a", to: archive) } else { account.near.put(SimulatedMessage("a"), in: archive) }
      #expect(try await account.sync().isClean)
      #expect(try await !account.sync().didChange)
      for store in [account.near, account.far] {
        #expect(store.contents(of: archive).map(\.text) == ["a"])
        #expect(store.contents().map(\.text) == (isMove ? ["b", "c"] : ["a", "b", "c"]))
      }
    }
  }

  @Test(
    "as what was moved to another folder, stays in its old place only where it is in no other (L1)",
    arguments: [true, false])
  func untaken(isElsewhere: Bool) async throws {
    try await Reactor.onShared {
      let (archive, other) = (try #require(FolderName("Archive")), try #require(FolderName("Other")))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive, other])
      if isElsewhere { account.far.put(SimulatedMessage("a"), in: other) }
      try await account.sync()
      account.far.refuses.copies = [archive]
      account.far.refused = ["a"]
      account.near.move("a", to: archive)
      account.near.remove(try #require(account.near.key(of: "b")))
      for _ in 1...2 {
        #expect(try await !account.sync().isClean)
        #expect(account.far.contents().map(\.text) == (isElsewhere ? ["c"] : ["a", "c"]))
      }
      // Deleted there, too, it waits for nothing.
      account.near.remove(try #require(account.near.key(of: "a", in: archive)), in: archive)
      for _ in 1...2 { #expect(try await account.sync().isClean) }
      #expect(account.far.contents().map(\.text) == ["c"])
    }
  }

  @Test("as the age that tells an older copy, is no account's failure, and is made up for (L11)")
  func age() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let before = account.near.storeAge
      account.near.refuses.age = "the disk is full"
      account.near.put(SimulatedMessage("new"))
      let report = try await account.sync()
      #expect(report.problems.map(\.reason) == ["the disk is full"])
      #expect(account.far.key(of: "new") != nil && account.near.storeAge == before)
      account.near.refuses.age = nil
      #expect(try await account.sync().isClean)
      #expect(account.near.storeAge != before)
    }
  }
}

extension Recorder {
  fileprivate var problems: [PassReport.Problem] {
    events.flatMap { if case .folderSynced(_, let report) = $0 { report.problems } else { [PassReport.Problem]() } }
  }
}
