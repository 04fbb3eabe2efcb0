import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// What the brake holds goes on when the messages are back or a person says so, and for no other reason (law L9).
@Suite("What the brake holds")
struct HoldTests {
  @Test("is not let go by a pass that had looked before")
  func earlierLook() async throws {
    try await Reactor.onShared {
      let stage = try await StormStage(40)
      let inbox = try #require(stage.context.folders.all.first)
      let scopes: Sides<LookScope?> = Sides(near: .wide(since: nil), far: .wide(since: nil))
      let early = FolderPass(inbox, scopes: scopes, options: PassOptions(), in: stage.context)
      try await early.advance(ProgressMeter(stage.context))
      try stage.remove(0..<15)
      try await stage.pass()
      #expect(stage.left() == 25)
      try stage.remove(15..<30)
      try await stage.pass(.inbox, .wide(since: nil))
      #expect(inbox.held.count == 1)
      try await early.finish(Sides(near: nil, far: nil))
      #expect(stage.released().isEmpty && inbox.held.count == 1)
      stage.account.clock.advance(by: .seconds(61))
      #expect(try await stage.fullPass().held.count == 1)
      #expect(stage.left() == 25)
    }
  }

  @Test("takes hold of small folders, too, where with the large ones most of the account would go", arguments: [1, 2])
  func smallFolders(passes: Int) async throws {
    try await Reactor.onShared {
      let (small, other) = (try #require(FolderName("Small")), try #require(FolderName("Other")))
      let account = try await SimulatedAccount.filled((1...30).map { "\($0)" }, folders: [.inbox, small, other])
      for number in 1...5 {
        account.far.put(SimulatedMessage("s\(number)"), in: small)
        account.far.put(SimulatedMessage("o\(number)"), in: other)
      }
      try await account.sync()
      let before = account.near.folders
      account.near.empty(.inbox)
      // A disk is not emptied in a moment.
      if passes == 2 { #expect(try await account.sync().held.map(\.folder) == [.inbox]) }
      account.near.empty(small)
      account.near.remove(try #require(account.near.key(of: "o1", in: other)), in: other)
      let report = try await account.sync()
      #expect(Set(report.held.map(\.folder)) == [.inbox, small])
      #expect(report.held.allSatisfy { $0.account == nil })
      #expect(account.far.contents().count == 30)
      #expect(account.far.contents(of: small).count == 5)
      // What a person deletes elsewhere goes on.
      #expect(account.far.contents(of: other).count == 4)
      // The large one is back: what is still missing stays held.
      account.near.folders[.inbox] = before[.inbox]
      #expect(try await account.sync().held.map(\.folder) == [small])
      #expect(account.far.contents(of: small).count == 5)
      account.near.folders[small] = before[small]
      #expect(try await account.sync().isClean)
    }
  }

  @Test("for the account's sake stays held where its folder cannot be looked at")
  func folderUnavailable() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let stage = try await StormStage(20, folders: [.inbox, archive])
      try stage.remove(0..<15)
      try await stage.fullPass()
      try stage.remove(0..<15, in: archive)
      #expect(try await stage.fullPass().held.map(\.folder) == [archive])
      stage.account.faults.refused = ["near look Archive"]
      try await stage.restart()
      // What happens in another folder is no reason.
      stage.account.near.put(SimulatedMessage("new"))
      try await stage.pass()
      stage.account.clock.advance(by: .seconds(61))
      stage.account.faults.refused = []
      try await stage.fullPass()
      #expect(stage.left(in: archive) == 20)
      #expect(stage.released().isEmpty)
    }
  }

  @Test("on the account is let go of when its messages are back, although a folder is held whole")
  func besideWholeFolder() async throws {
    try await Reactor.onShared {
      let (archive, other) = (try #require(FolderName("Archive")), try #require(FolderName("Other")))
      let stage = try await StormStage(15, folders: [.inbox, archive, other])
      let before = stage.account.near.folders
      stage.account.near.folders[archive] = nil
      stage.account.near.empty(.inbox)
      stage.account.near.empty(other)
      let report = try await stage.fullPass()
      #expect(Set(report.held.map(\.folder)) == [.inbox, archive, other])
      #expect(report.held.count { $0.account != nil } == 2)
      // In a session that has never seen the one folder on both sides.
      try await stage.restart()
      stage.account.near.folders[.inbox] = before[.inbox]
      stage.account.near.folders[other] = before[other]
      #expect(try await stage.fullPass().held.map(\.wholeFolder) == [true])
      stage.account.clock.advance(by: .seconds(61))
      try stage.remove(0..<1)
      try await stage.fullPass()
      #expect(stage.left() == 14)
    }
  }

  @Test(
    "of a folder that one side had no more stays held where somebody makes that folder again", arguments: [false, true])
  func remade(restarts: Bool) async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let stage = try await StormStage(15, folders: [.inbox, archive])
      stage.account.near.folders[archive] = nil
      #expect(try await stage.fullPass().held.map(\.wholeFolder) == [true])
      if restarts { try await stage.restart() }
      stage.account.near.folders[archive] = SimulatedStore.Folder()
      stage.account.near.put(SimulatedMessage("new"), in: archive, as: .file("new"))
      let report = try await stage.fullPass()
      #expect(report.held.map(\.deletions) == [15])
      #expect(stage.left(in: archive) == 16)
      #expect(try await stage.fullPass(PassOptions(allowsDeletions: true)).counts.far.deleted == 15)
    }
  }
}
