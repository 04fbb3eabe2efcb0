import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// An event that comes before the folder was looked at whole: what it speaks of need not be new.
@Suite("A narrow look")
struct NarrowLookTests {
  @Test(
    "at a folder that was never looked at whole doubles nothing that both sides have (L3)", arguments: Side.allCases)
  func beforeTheFirstPass(side: Side) async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      let keys = Sides(near: account.near.put(SimulatedMessage("x")), far: account.far.put(SimulatedMessage("x")))
      let store = side == .near ? account.near : account.far
      store.setFlags(FlagSet(.flagged), of: keys[side])
      try await Self.lookNarrowly(side, in: account.context())
      #expect(account.near.contents().count == 1)
      #expect(account.far.contents().count == 1)
    }
  }

  @Test("after an interrupted delivery doubles nothing that it left behind (L3, L5)", arguments: Side.allCases)
  func afterAnInterruption(target: Side) async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let (from, to) = target == .far ? (account.near, account.far) : (account.far, account.near)
      from.put(SimulatedMessage("x"))
      let trial = try await SimulatedAccount.filled()
      (target == .far ? trial.near : trial.far).put(SimulatedMessage("x"))
      try await trial.sync()
      let step = try #require(trial.faults.log.firstIndex(of: "after \(to.title) store x"))
      account.faults.deadline = step + 1
      await #expect(throws: StoreError.self) { try await account.sync() }
      account.faults.revive()
      let key = try #require(to.key(of: "x"))
      to.setFlags(.none, of: key)
      try await Self.lookNarrowly(target, in: account.context())
      #expect(account.near.contents().count { $0.text == "x" } == 1)
      #expect(account.far.contents().count { $0.text == "x" } == 1)
    }
  }

  @Test("at one side that meets a new UIDVALIDITY brings over what lost its partner on the other side (L8)")
  func newValidity() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let before = account.near.contents()
      // The folder was made anew, with other mail; the Maildir's own watch has nothing to tell.
      account.far.renumber(.inbox)
      account.far.folders[.inbox]?.messages = [:]
      account.far.put(SimulatedMessage("new"))
      try await Self.lookNarrowly(.far, isUncertain: true, in: account.context())
      #expect(account.near.contents().count == before.count + 1)
      #expect(account.far.contents() == account.near.contents())
    }
  }

  @Test(
    "in one folder never takes another folder's message by a number that means another by now (L1, L8)",
    arguments: [true, false])
  func renumbered(isCopy: Bool) async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.far.put(SimulatedMessage("x"), in: archive)
      let context = account.context()
      try await context.open()
      for names in [nil, [FolderName.inbox]] as [Set<FolderName>?] {
        _ = try await FullPass(context: context, options: PassOptions(), names: names).run()
        guard names == nil else { continue }
        // The session has seen the folder; then it is made anew, with another message under the same number.
        let key = try #require(account.far.key(of: "x", in: archive))
        account.far.renumber(archive)
        account.far.folders[archive]?.messages = [key: SimulatedMessage("another")]
        if isCopy {
          account.near.put(SimulatedMessage("x"))
        } else {
          account.near.remove(try #require(account.near.key(of: "x", in: archive)), in: archive)
          account.near.put(SimulatedMessage("x"))
        }
      }
      #expect(account.far.contents().map(\.text) == ["a", "b", "c", "x"])
      #expect(account.far.contents(of: archive).map(\.text) == ["another"])
    }
  }

  @Test("a pass over all folders deletes nothing if one came after it had listed them, before it looked there (L1, L3)")
  func folderMeanwhile() async throws {
    try await Reactor.onShared {
      let new = try #require(FolderName("New"))
      let account = try await SimulatedAccount.filled()
      let context = account.context()
      try await context.open()
      account.far.listingTurns = 100
      let pass = Loop.task { () async -> [SyncedFolder] in
        do {
          return try await FullPass(context: context, options: PassOptions(), names: nil).run().folders
        } catch {
          Issue.record(error)
          return []
        }
      }
      for _ in 0..<10 { await Task.yield() }
      account.near.folders[new] = SimulatedStore.Folder()
      account.near.move("a", to: new)
      context.foldersDidChange()
      // It looks once more.
      #expect(await pass.value.map(\.title) == [.inbox, new])
      #expect(context.folderChanges == 1, "or the pass was not under way yet")
      #expect(account.far.contents().map(\.text) == ["b", "c"])
      #expect(account.far.contents(of: new).map(\.text) == ["a"])
      #expect(account.near.transfers == 0, "it was moved, neither deleted nor sent")
      #expect(context.hasSeenAllFolders)
    }
  }

  @Loop
  private static func lookNarrowly(
    _ side: Side, isUncertain: Bool = false, in context: AccountContext
  ) async throws {
    try await context.open()
    let folders = try await FolderDiscovery(context: context, options: PassOptions()).run().folders
    let requests = folders.map { folder in
      var scopes = Sides<LookScope?>(near: nil, far: nil)
      // As after the session's first full pass.
      folder.isConfirmed = true
      scopes[side] = isUncertain ? .wide(since: folder.checkpoints[side]) : .pending
      return PassRunner.Request(folder: folder, scopes: scopes)
    }
    _ = try await PassRunner(context: context, options: PassOptions(), listing: context.folderChanges).run(requests)
  }
}
