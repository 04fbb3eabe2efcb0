import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

/// A running account: events on either side find their way to the other, and nothing ends it but its cancellation.
@Suite("A running account", .timeLimit(.minutes(1)))
struct SessionTests {
  @Test("brings what happens on one side to the other, without being asked", arguments: Side.allCases)
  func push(side: Side) async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      try await whileRunning(account) { _ in
        let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
        here.put(SimulatedMessage("pushed"))
        await account.recorder.wait { there.key(of: "pushed") != nil }
        here.setFlags(FlagSet([.flagged]), of: try #require(here.key(of: "a")))
        await account.recorder.wait { there.contents().first?.flags == FlagSet([.flagged]) }
        here.remove(try #require(here.key(of: "b")))
        await account.recorder.wait { there.key(of: "b") == nil }
      }
      #expect(account.near.contents() == account.far.contents())
    }
  }

  @Test("takes both ends of a local move for a move on the server")
  func move() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      try await whileRunning(account) { _ in
        account.near.move("a", to: archive)
        await account.recorder.wait { account.far.key(of: "a") == nil }
      }
      #expect(account.far.contents(of: archive).map(\.text) == ["a"])
      #expect(account.near.transfers == 0)
      #expect(account.faults.log.contains { $0.hasPrefix("after far move") })
    }
  }

  @Test("brings the Trash that it made for what was deleted here to this side, too")
  func madeTrash() async throws {
    try await Reactor.onShared {
      let trash = try #require(FolderName("Trash"))
      let account = try await SimulatedAccount.filled()
      account.deletionRules.trash = trash
      try await whileRunning(account) { _ in
        account.near.remove(try #require(account.near.key(of: "a")))
        await account.recorder.wait { account.near.key(of: "a", in: trash) != nil }
      }
      #expect(account.far.contents(of: trash).map(\.text) == ["a"])
    }
  }

  @Test("does not believe the times of a directory from before a deletion, which a power cut may bring back (L2)")
  func timesBroughtBack() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let before = account.near.folders
      try await whileRunning(account) { _ in
        account.near.remove(try #require(account.near.key(of: "a")))
        await account.recorder.wait { account.far.key(of: "a") == nil }
      }
      account.near.folders = before
      try await account.sync()
      #expect(account.near.contents() == account.far.contents())
    }
  }

  @Test("comes back after the server went away, and catches up")
  func reconnect() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      try await whileRunning(account) { _ in
        account.faults.deadline = account.faults.steps + 1
        account.far.put(SimulatedMessage("while away"))
        await account.recorder.wait {
          account.recorder.events.contains { if case .phaseChanged(.waiting) = $0 { true } else { false } }
        }
        account.faults.revive()
        account.clock.advance(by: .seconds(600))
        await account.recorder.wait { account.near.key(of: "while away") != nil }
      }
    }
  }

  @Test("shows no folder as watched while it waits for its next try")
  func outage() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      try await whileRunning(account) { runner in
        #expect(runner.snapshot().folders.allSatisfy { $0.watch.far != nil })
        account.faults.deadline = account.faults.steps + 1
        account.far.put(SimulatedMessage("while away"))
        var waiting: AccountSnapshot?
        await account.recorder.wait {
          let now = runner.snapshot()
          if waiting == nil, case .waiting = now.phase { waiting = now }
          return waiting != nil
        }
        #expect(waiting?.folders.isEmpty == false)
        #expect(waiting?.folders.contains { $0.watch.near != nil || $0.watch.far != nil } == false)
      }
    }
  }

  @Test("was in sync as a whole when all folders were looked at, not some")
  func lastSync() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      try await whileRunning(account) { runner in
        let first = try #require(runner.snapshot().lastFullPass)
        account.clock.advance(by: .seconds(10))
        _ = try await runner.fullPass(PassOptions(), names: [.inbox])
        #expect(runner.snapshot().lastFullPass == first)
        _ = try await runner.fullPass(PassOptions(), names: nil)
        #expect(runner.snapshot().lastFullPass == first + 10)
        // What was pushed to one folder is the account's last sync, too.
        account.clock.advance(by: .seconds(10))
        account.far.put(SimulatedMessage("pushed"))
        await account.recorder.wait { runner.snapshot().folders.contains { $0.lastSync == first + 20 } }
        #expect(runner.snapshot().lastFullPass == first + 10)
        #expect(runner.snapshot().lastSync == first + 20)
      }
    }
  }

  @Test("holds a mass deletion that comes one message at a time (L9)")
  func stormInDrops() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled((0..<40).map { "m\($0)" })
      try await whileRunning(account) { runner in
        for index in 0..<40 {
          account.near.remove(try #require(account.near.key(of: "m\(index)")))
          account.clock.advance(by: .milliseconds(50))
          await Task.yield()
        }
        let answer = try await runner.fullPass(PassOptions(), names: nil)
        #expect(answer.report.held.count == 1)
        #expect(account.far.contents().count >= 20)
      }
    }
  }

  @Test("lets go what it holds as soon as that has come to another folder (L9)")
  func heldAndMoved() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let texts = (0..<40).map { "m\($0)" }
      let account = try await SimulatedAccount.filled(texts, folders: [.inbox, archive])
      try await whileRunning(account) { runner in
        @Loop func passTime(until isSo: @Loop () -> Bool) async {
          for _ in 0..<2000 where !isSo() {
            account.clock.advance(by: .milliseconds(100))
            await Task.yield()
          }
          #expect(isSo())
        }
        // Some servers tell of a move's old place first.
        for text in texts { account.far.remove(try #require(account.far.key(of: text))) }
        await passTime { runner.snapshot().folders.contains { !$0.held.isEmpty } }
        #expect(account.near.contents().count == texts.count)
        for text in texts { account.far.put(SimulatedMessage(text), in: archive) }
        await passTime { account.near.contents().isEmpty }
      }
      #expect(account.near.contents(of: archive).count == texts.count)
    }
  }

  @Test("answers a full pass that somebody asked for, and tells unknown folders")
  func requestedPass() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let nowhere = try #require(FolderName("Nowhere"))
      try await whileRunning(account) { runner in
        let answer = try await runner.fullPass(PassOptions(), names: [.inbox, nowhere])
        #expect(answer.unknown == [nowhere])
        #expect(answer.report.isClean)
      }
    }
  }

  @Test("finds what came into a new folder between the look at it and its watch", arguments: Side.allCases)
  func watchedLate(side: Side) async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let new = try #require(FolderName("New"))
      try await whileRunning(account) { runner in
        let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
        here.folders[new] = SimulatedStore.Folder()
        here.beforeWatch = { $0.put(SimulatedMessage("in between"), in: new) }
        _ = try await runner.fullPass(PassOptions(), names: nil)
        await account.recorder.wait { there.key(of: "in between", in: new) != nil }
      }
    }
  }

  @Test("takes a move into a folder that was made just now for a move, and deletes nothing before (L1)")
  func moveIntoNewFolder() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let new = try #require(FolderName("New"))
      try await whileRunning(account) { _ in
        account.far.listingTurns = 1000
        account.near.folders[new] = SimulatedStore.Folder()
        account.near.noticeFolders()
        account.near.move("a", to: new)
        await account.recorder.wait { account.far.key(of: "a") == nil }
        #expect(account.far.contents(of: new).map(\.text) == ["a"])
      }
      #expect(account.near.transfers == 0)
      #expect(account.faults.log.contains { $0.hasPrefix("after far move") })
    }
  }

  @Test("deletes what went while its first pass was at work, once that is over", arguments: Side.allCases)
  func deletedDuringFirstPass(side: Side) async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      there.setFlags(FlagSet(.flagged), of: try #require(there.key(of: "a")))
      // After the pass has looked at the folder.
      here.meanwhile = { store in store.key(of: "b").map { store.remove($0) } }
      try await whileRunning(account) { _ in
        await account.recorder.wait { there.key(of: "b") == nil }
      }
      #expect(account.near.contents() == account.far.contents())
    }
  }

  @Test("makes a folder soon that could not be made for lack of room (L11)")
  func foldersLeft() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let new = try #require(FolderName("New"))
      account.near.hasNoRoom = true
      account.far.folders[new] = SimulatedStore.Folder()
      try await whileRunning(account) { runner in
        #expect(runner.snapshot().problems.map(\.folder) == [new])
        account.near.hasNoRoom = false
        account.clock.advance(by: .seconds(10))
        await account.recorder.wait { account.near.folders[new] != nil }
      }
    }
  }

  @Test("soon deletes what it kept for the sake of a folder that cannot be made, when it is gone from that, too (L2)")
  func strandedAndGone() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let bad = try #require(FolderName("~bad"))
      account.far.refusedFolders = [bad]
      try await whileRunning(account) { _ in
        account.near.folders[bad] = SimulatedStore.Folder()
        account.near.noticeFolders()
        account.near.move("a", to: bad)
        await account.recorder.wait {
          account.recorder.events.contains { event in
            guard case .folderSynced(.inbox, let report) = event else { return false }
            return report.problems.contains { $0.reason.hasPrefix("1 message was moved to the local ~bad") }
          }
        }
        #expect(account.far.contents().map(\.text) == ["a", "b", "c"])
        // Nobody watches such a folder.
        account.near.empty(bad)
        account.clock.advance(by: .seconds(60))
        await account.recorder.wait { account.far.key(of: "a") == nil }
      }
    }
  }

  @Test(
    "leaves alone what is held because one side has it no more, until something happens", arguments: Side.allCases)
  func heldWhole(side: Side) async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.far.put(SimulatedMessage("kept"), in: archive)
      try await whileRunning(account) { runner in
        let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
        let folder = here.folders[archive]
        here.folders[archive] = nil
        here.noticeFolders()
        await account.recorder.wait { runner.snapshot().folders.contains { !$0.held.isEmpty } }
        // Somebody else's, who knows nothing of it: the pass finds no folder, and asks for a discovery.
        there.put(SimulatedMessage("more"), in: archive)
        await account.recorder.wait { runner.snapshot().folders.contains { $0.held.contains { $0.deletions == 2 } } }
        let before = account.faults.log.count
        for _ in 0..<300 {
          account.clock.advance(by: .seconds(1))
          for _ in 0..<20 { await Task.yield() }
        }
        #expect(account.faults.log.dropFirst(before).filter { $0.contains(" look ") } == [])
        here.folders[archive] = folder
        here.noticeFolders()
        await account.recorder.wait { here.contents(of: archive).count == 2 }
      }
    }
  }

  @Test("does not say that a folder is well again which nobody has looked at")
  func recovered() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      try await whileRunning(account) { runner in
        account.faults.refused = ["near look Archive"]
        account.near.put(SimulatedMessage("new"), in: archive)
        await account.recorder.wait { runner.snapshot().folders.contains { $0.lastError != nil } }
        _ = try await runner.fullPass(PassOptions(), names: [.inbox])
        #expect(!account.recorder.events.contains(.recovered(archive)))
        account.faults.refused = []
        await account.recorder.wait { account.recorder.events.contains(.recovered(archive)) }
      }
    }
  }

  @Test("says nothing of a folder that goes away under a pass but what the discovery says", arguments: Side.allCases)
  func goneUnderAPass(side: Side) async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      try await whileRunning(account) { runner in
        let here = side == .near ? account.near : account.far
        here.folders[archive] = nil
        let before = account.faults.log.count
        // An event of a moment ago, whose folder is not there any more.
        here.put(SimulatedMessage("nowhere"), in: archive)
        while !account.faults.log.dropFirst(before).contains("\(here.title) look Archive") { await Task.yield() }
        let answer = try await runner.fullPass(PassOptions(), names: nil)
        #expect(answer.report.isClean)
        #expect(answer.report.foldersRemoved[side.other] == [archive])
      }
      #expect(!account.recorder.events.contains { if case .problem = $0 { true } else { false } })
    }
  }
}
