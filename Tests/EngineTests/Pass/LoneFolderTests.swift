import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// What was moved to where martlet cannot follow was deleted by nobody (law L1).
@Suite("A folder that the other side has not")
struct LoneFolderTests {
  private static let bad = FolderName("~bad")

  /// Three messages, of which the first was moved to a folder that the other side will not have.
  @Loop
  private static func stage(_ side: Side) async throws -> (
    SimulatedAccount, here: SimulatedStore, there: SimulatedStore
  ) {
    let account = try await SimulatedAccount.filled()
    let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
    there.refusedFolders = [try #require(bad)]
    here.folders[try #require(bad)] = SimulatedStore.Folder()
    here.move("a", to: try #require(bad))
    return (account, here, there)
  }

  @Test("keeps on the other side what was moved into it, and says so, until it can be made", arguments: Side.allCases)
  func kept(side: Side) async throws {
    try await Reactor.onShared {
      let bad = try #require(Self.bad)
      let (account, here, there) = try await Self.stage(side)
      let transfers = there.transfers
      for _ in 1...2 {
        here.remove(try #require(here.key(of: "b") ?? here.key(of: "c")))
        let report = try await account.sync()
        #expect(report.problems.contains { $0.folder == .inbox && $0.reason.contains("~bad") })
        #expect(there.contents().map(\.text).contains("a"), "nobody deleted it")
      }
      #expect(there.contents().map(\.text) == ["a"], "others are deleted as ever")
      there.refusedFolders = []
      let report = try await account.sync()
      #expect(report.isClean)
      #expect(there.contents(of: bad).map(\.text) == ["a"])
      #expect(there.contents().isEmpty)
      #expect(here.transfers == 0 || side == .far)
      #expect(there.transfers == transfers, "a move, and no transfer")
      #expect(try await !account.sync().didChange)
    }
  }

  @Test("keeps nothing that went from it, too, or that is there no more", arguments: Side.allCases)
  func deletedThere(side: Side) async throws {
    try await Reactor.onShared {
      let bad = try #require(Self.bad)
      let (account, here, there) = try await Self.stage(side)
      try await account.sync()
      here.remove(try #require(here.key(of: "a", in: bad)), in: bad)
      try await account.sync()
      #expect(there.contents().map(\.text) == ["b", "c"])
      here.folders[bad] = nil
      #expect(try await account.sync().isClean)
    }
  }

  @Test("and that is held there keeps what was moved into it, until it is made anew (L1)", arguments: Side.allCases)
  func held(side: Side) async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      here.put(SimulatedMessage("old"), in: archive)
      try await account.sync()
      there.folders[archive] = nil
      here.move("a", to: archive)
      let report = try await account.sync()
      #expect(report.held.map(\.folder) == [archive])
      #expect(report.problems.contains { $0.folder == .inbox && $0.reason.contains("Archive") })
      #expect(there.contents().map(\.text) == ["a", "b", "c"])
      let transfers = here.transfers
      _ = try await OneShot(context: account.context()).run(PassOptions(allowsDeletions: true), names: [archive])
      try await account.sync()
      #expect(there.contents().map(\.text) == ["b", "c"])
      #expect(there.contents(of: archive).map(\.text) == ["a"])
      #expect(here.contents(of: archive).map(\.text) == ["a"])
      #expect(here.transfers == transfers)
    }
  }

  @Test("gives way to a person who allows deletions")
  func allowed() async throws {
    try await Reactor.onShared {
      let (account, _, there) = try await Self.stage(.near)
      try await account.sync()
      try await account.sync(PassOptions(allowsDeletions: true))
      #expect(there.contents().map(\.text) == ["b", "c"])
    }
  }
}
