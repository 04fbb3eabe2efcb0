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

  @Test(
    "is made anew for what came to it while its messages were moved away and it was removed", arguments: Side.allCases)
  func cameMeanwhile(side: Side) async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      for text in ["d", "e"] { here.put(SimulatedMessage(text), in: archive) }
      try await account.sync()
      for text in ["d", "e"] { here.move(text, from: archive, to: .inbox) }
      here.folders[archive] = nil
      there.put(SimulatedMessage("new"), in: archive)
      #expect(try await account.sync().held.isEmpty, "nothing would be lost")
      try await account.sync()
      for store in [here, there] {
        #expect(store.contents().map(\.text) == ["a", "b", "c", "d", "e"])
        #expect(store.contents(of: archive).map(\.text) == ["new"])
      }
      #expect(try await !account.sync().didChange)
    }
  }

  @Test("gives its messages to where they were moved, without a transfer, also where a look at it failed just now")
  func lookedAtInVain() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = SimulatedAccount()
      account.far.folders[archive] = SimulatedStore.Folder()
      account.far.put(SimulatedMessage("d"), in: archive)
      let context = account.context()
      try await context.open()
      _ = try await FullPass(context: context, options: PassOptions(), names: nil).run()
      account.near.move("d", from: archive, to: .inbox)
      account.near.folders[archive] = nil
      for name in [archive, .inbox] {
        let folder = try #require(context.folders[.near, name])
        let request = PassRunner.Request(
          folder: folder, scopes: Sides(near: .wide(since: folder.checkpoints.near), far: nil))
        _ = try await PassRunner(context: context, options: PassOptions(), listing: nil).run([request])
      }
      #expect(account.far.contents().map(\.text) == ["d"])
      #expect(account.near.transfers == 0)
    }
  }

  @Test("because it is not asked for keeps what was moved into it, until it is", arguments: Side.allCases)
  func notAskedFor(side: Side) async throws {
    try await Reactor.onShared {
      let new = try #require(FolderName("New"))
      let account = try await SimulatedAccount.filled()
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      here.folders[new] = SimulatedStore.Folder()
      here.move("a", to: new)
      let transfers = here.transfers
      _ = try await OneShot(context: account.context()).run(PassOptions(), names: [.inbox])
      #expect(there.contents().map(\.text) == ["a", "b", "c"])
      #expect(try await account.sync().isClean)
      #expect(there.contents().map(\.text) == ["b", "c"])
      #expect(there.contents(of: new).map(\.text) == ["a"])
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

  @Test("is looked at once between two listings, however often passes ask what is in it (L2)")
  func lookedAtOnce() async throws {
    try await Reactor.onShared {
      let bad = try #require(Self.bad)
      let (account, _, _) = try await Self.stage(.far)
      let context = account.context()
      try await context.open()
      _ = try await FullPass(context: context, options: PassOptions(), names: nil).run()
      let inbox = try #require(context.folders[.near, .inbox])
      let looks = account.faults.log.count { $0 == "far look \(bad)" }
      for _ in 1...3 {
        let request = PassRunner.Request(
          folder: inbox, scopes: Sides(near: .wide(since: nil), far: .wide(since: nil)))
        _ = try await PassRunner(context: context, options: PassOptions(), listing: nil).run([request])
      }
      #expect(account.faults.log.count { $0 == "far look \(bad)" } == looks)
      #expect(account.near.contents().map(\.text).contains("a"))
    }
  }

  @Test(
    "and that is held there is listed once, however often something goes elsewhere (L2, L11)", arguments: Side.allCases)
  func listedOnce(side: Side) async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled((0..<10).map { "m\($0)" }, folders: [.inbox, archive])
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      for number in 0..<200 { here.put(SimulatedMessage("old \(number)"), in: archive) }
      try await account.sync()
      there.folders[archive] = nil
      let context = account.context()
      try await context.open()
      _ = try await FullPass(context: context, options: PassOptions(), names: nil).run()
      let inbox = try #require(context.folders[.near, .inbox])
      /// How many messages of this side it showed.
      @Loop func pass() async throws -> Int {
        let shown = here.shown
        var scopes = Sides<LookScope?>(near: nil, far: nil)
        scopes[side] = .wide(since: inbox.checkpoints[side])
        let runner = PassRunner(context: context, options: PassOptions(), listing: nil)
        _ = try await runner.run([PassRunner.Request(folder: inbox, scopes: scopes)])
        return here.shown - shown
      }
      for (number, most) in [(0, 250), (1, 20), (2, 20)] {
        here.remove(try #require(here.key(of: "m\(number)")))
        #expect(try await pass() <= most)
        #expect(there.key(of: "m\(number)") == nil)
      }
      here.move("m3", to: archive)
      _ = try await pass()
      #expect(there.key(of: "m3") != nil, "it came since")
      here.remove(try #require(here.key(of: "m3", in: archive)), in: archive)
      here.remove(try #require(here.key(of: "m4")))
      _ = try await pass()
      #expect(there.key(of: "m3") == nil, "it went since")
    }
  }
}
