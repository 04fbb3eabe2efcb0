import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// Between its two halves a pass leaves its folder to others.
@Suite("Passes that overlap")
struct OverlapTests {
  @Loop
  private struct Scene {
    let account: SimulatedAccount
    let context: AccountContext
    let inbox: SyncedFolder

    static func filled(_ folders: [FolderName] = [.inbox]) async throws -> Scene {
      let account = try await SimulatedAccount.filled(folders: folders)
      let context = account.context()
      try await context.open()
      // The session has seen all there is.
      _ = try await FullPass(context: context, options: PassOptions(), names: nil).run()
      let inbox = try #require(context.folders.all.first { $0.title.isInbox })
      return Scene(account: account, context: context, inbox: inbox)
    }

    func pass() -> FolderPass {
      FolderPass(
        inbox, scopes: Sides(near: .wide(since: nil), far: .wide(since: nil)), options: PassOptions(), in: context)
    }

    func record(of text: String) throws -> PairRecord {
      let identity = SimulatedMessage(text).identity
      return try #require(try account.ledger.records(in: inbox.id).first { $0.identity == identity })
    }

    func advance(_ pass: FolderPass) async throws { try await pass.advance(ProgressMeter(context)) }
    func finish(_ pass: FolderPass) async throws { try await pass.finish(Sides(near: nil, far: nil)) }
  }

  @Test("carry out what was asked for, though folders come while they look", arguments: [1, 2])
  func foldersMeanwhile(times: Int) async throws {
    try await Reactor.onShared {
      let scene = try await Scene.filled()
      let (near, far) = (scene.account.near, scene.account.far)
      near.remove(try #require(near.key(of: "a")))
      var left = times
      scene.account.recorder.onEvent = { event in
        guard case .passStarted = event, left > 0 else { return }
        left -= 1
        // As the session does when an event says so.
        scene.context.foldersDidChange()
      }
      let outcome = try await FullPass(context: scene.context, options: PassOptions(), names: nil).run()
      #expect(outcome.report.counts.far.deleted == 1)
      #expect(far.contents().map(\.text) == ["b", "c"])
      #expect(left == 0 && scene.context.hasSeenAllFolders)
    }
  }

  @Test("do not forget what one of them is moving to its folder (L3)")
  func movedMeanwhile() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let scene = try await Scene.filled([.inbox, archive])
      let target = try #require(scene.context.folders.all.first { $0.title == archive })
      let record = try scene.record(of: "a")
      // Both sides are empty there already, and the base is not told yet.
      scene.account.near.remove(record.pair[.near].key)
      scene.account.far.remove(record.pair[.far].key)
      let pass = scene.pass()
      try await scene.advance(pass)
      try scene.account.ledger.commit([
        .relocate(record.pair.id, to: target.id, near: record.pair[.near], far: record.pair[.far])
      ])
      try await scene.finish(pass)
      #expect(try scene.account.ledger.record(of: record.pair.id)?.folder == target.id)
    }
  }

  @Test("do not delete a message whose file has only got another name, as one of them has seen since (L1)")
  func renamedMeanwhile() async throws {
    try await Reactor.onShared {
      let scene = try await Scene.filled()
      let (near, far) = (scene.account.near, scene.account.far)
      near.remove(try #require(near.key(of: "a")))
      let (first, second) = (scene.pass(), scene.pass())
      try await scene.advance(first)
      near.put(SimulatedMessage("a"))
      try await scene.advance(second)
      try await scene.finish(first)
      try await scene.finish(second)
      #expect(far.contents().map(\.text) == ["a", "b", "c"])
      #expect(near.contents() == far.contents())
      #expect(try scene.account.ledger.pairCount(in: scene.inbox.id) == 3)
    }
  }

  @Test("delete what has another name by now, as one of them has seen, under that name (L2)")
  func renamedBeforeDeletion() async throws {
    try await Reactor.onShared {
      let scene = try await Scene.filled()
      let (near, far) = (scene.account.near, scene.account.far)
      far.remove(try #require(far.key(of: "a")))
      let pass = scene.pass()
      try await scene.advance(pass)
      // As another pass finds out meanwhile, which does not hear of the server.
      let record = try scene.record(of: "a")
      near.remove(record.pair[.near].key)
      let key = near.put(SimulatedMessage("a"))
      try scene.account.ledger.commit([
        .relocate(
          record.pair.id, to: scene.inbox.id, near: Sighting(key: key, flags: .none), far: record.pair[.far])
      ])
      try await scene.finish(pass)
      _ = try await FullPass(context: scene.context, options: PassOptions(), names: nil).run()
      #expect(near.contents().map(\.text) == ["b", "c"])
      #expect(try scene.account.ledger.pairCount(in: scene.inbox.id) == 2)
    }
  }

  @Test("do not forget what has another name on one side, and is gone on the other (L2)")
  func renamedAndGone() async throws {
    try await Reactor.onShared {
      let scene = try await Scene.filled()
      let (near, far) = (scene.account.near, scene.account.far)
      near.remove(try #require(near.key(of: "a")))
      far.remove(try #require(far.key(of: "a")))
      let pass = scene.pass()
      try await scene.advance(pass)
      let record = try scene.record(of: "a")
      // As another pass finds out meanwhile.
      let key = near.put(SimulatedMessage("a"))
      try scene.account.ledger.commit([
        .relocate(
          record.pair.id, to: scene.inbox.id, near: Sighting(key: key, flags: .none), far: record.pair[.far])
      ])
      try await scene.finish(pass)
      #expect(try scene.account.ledger.record(of: record.pair.id)?.pair[.near].key == key)
    }
  }

  @Test("do not vouch for a message whose partner another one deletes meanwhile (L2)")
  func backMeanwhile() async throws {
    try await Reactor.onShared {
      let scene = try await Scene.filled()
      let (near, far) = (scene.account.near, scene.account.far)
      let key = try #require(near.key(of: "a"))
      let message = try #require(near.folders[.inbox]?.messages[key])
      near.remove(key)
      let (first, second) = (scene.pass(), scene.pass())
      try await scene.advance(first)
      // Under its own name, as a person takes back what they did.
      near.put(message, as: key)
      try await scene.advance(second)
      try await scene.finish(first)
      try await scene.finish(second)
      _ = try await FullPass(context: scene.context, options: PassOptions(), names: nil).run()
      #expect(far.contents().map(\.text) == ["a", "b", "c"])
      #expect(near.contents() == far.contents())
    }
  }

  @Test("leave a folder be that was removed while they waited for it, and is another one's name by now (L11)")
  func removedMeanwhile() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let scene = try await Scene.filled([.inbox, archive])
      let folder = try #require(scene.context.folders.all.first { $0.title == archive })
      scene.account.near.put(SimulatedMessage("new"), in: archive)
      try await scene.context.forget(folder.id)
      let outcome = try await PassRunner(context: scene.context, options: PassOptions(), listing: nil)
        .run([.init(folder: folder, scopes: Sides(near: .wide(since: nil), far: .wide(since: nil)))])
      #expect(outcome.failures[folder.id]?.kind == .gone)
      #expect(outcome.report.problems.isEmpty && scene.context.needsListing)
      #expect(scene.account.far.contents(of: archive).isEmpty)
    }
  }

  @Test("take nothing for new that one of them has moved to another folder since they looked (L1)")
  func movedAwayMeanwhile() async throws {
    try await Reactor.onShared {
      let scene = try await Scene.filled()
      let pair = try scene.record(of: "a").pair
      let shown = Dictionary(
        uniqueKeysWithValues: Side.allCases.map {
          ($0, Look(coverage: .complete, present: [pair[$0].key: Observation(flags: .none)]))
        })
      let looks = Sides(near: try #require(shown[.near]), far: try #require(shown[.far]))
      let planning = FolderPlanning(context: scene.context, folder: scene.inbox, looks: looks)
      try scene.account.ledger.commit([.removePair(pair.id)])
      #expect(try planning.plan().arrivals.far.map(\.key) == [pair[.far].key])
      scene.inbox.depart(pair)
      let plan = try planning.plan()
      #expect(plan.arrivals.near.isEmpty && plan.arrivals.far.isEmpty)
      scene.inbox.beginLooking()
      #expect(try !planning.plan().arrivals.far.isEmpty)
    }
  }
}
