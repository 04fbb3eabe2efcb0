import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

/// Messages and folders that change their place, on either side, without a transfer.
@Suite("A move")
struct MoveTests {
  private static let archive = FolderName("Archive")

  @Test("a large folder is forgotten in portions, between which others get their turn")
  func largeFolder() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = SimulatedAccount()
      account.far.folders[archive] = SimulatedStore.Folder()
      for number in 1...510 { account.far.put(SimulatedMessage("\(number)"), in: archive) }
      try await account.sync()
      account.near.folders[archive] = nil
      account.far.folders[archive] = nil
      let before = account.faults.log.count
      try await account.sync()
      let steps = account.faults.log.dropFirst(before).filter { $0.hasPrefix("ledger remove") }
      #expect(steps == ["ledger remove pairs", "ledger remove pairs", "ledger remove pairs", "ledger remove folder"])
      #expect(account.far.folders[archive] == nil)
      #expect(try account.ledger.folders().map(\.names.far) == [.inbox])
    }
  }

  @Test("needs no transfer, in either direction", arguments: Side.allCases)
  func move(side: Side) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      let key = try #require(here.key(of: "a"))
      let message = try #require(here.folders[.inbox]?.messages[key])
      here.remove(key)
      here.put(message, in: archive)
      let before = (account.near.transfers, account.far.transfers)
      let report = try await account.sync()
      #expect((account.near.transfers, account.far.transfers) == before)
      #expect(report.counts[side.other].moved + report.counts[side.other].copied == 1)
      #expect(there.contents(of: archive) == [message])
      #expect(there.contents().map(\.text) == ["b", "c"])
      #expect(try await !account.sync().didChange)
    }
  }

  @Test("on the server carries along what was set on the original unheard; the Maildir follows at once (L6)")
  func flaggedUnheard() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.near.put(SimulatedMessage("a"), in: archive)
      account.far.setFlags(FlagSet(.flagged), of: try #require(account.far.key(of: "a")))
      _ = try await OneShot(context: account.context()).run(PassOptions(), names: [archive])
      #expect(account.far.contents(of: archive).map(\.flags) == [FlagSet(.flagged)])
      #expect(account.near.contents(of: archive) == account.far.contents(of: archive))
    }
  }

  @Test(
    "leaves what the server cannot take from its old place to the deletion there, and never brings it back (L3)",
    arguments: [SimulatedStore.MoveResult.copy, .nothing])
  func leftBehind(result: SimulatedStore.MoveResult) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.far.movesTo = result
      account.near.move("a", to: archive)
      let before = (account.near.transfers, account.far.transfers)
      try await account.sync()
      #expect((account.near.transfers, account.far.transfers) == before)
      for side in [account.near, account.far] {
        #expect(side.contents().map(\.text) == ["b", "c"])
        #expect(side.contents(of: archive).map(\.text) == ["a"])
      }
      #expect(try await !account.sync().didChange)
    }
  }

  @Test("of one of two that differ in content alone is of that one (L1)", arguments: [true, false])
  func alike(isKept: Bool) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      // Of one second, size and Message-ID.
      let account = try await SimulatedAccount.filled(["x#1", "x#2"], folders: [.inbox, archive])
      if isKept {
        account.far.remove(try #require(account.far.key(of: "x#1")))
        try await account.sync()
      }
      account.far.put(SimulatedMessage("x#2"), in: archive)
      account.far.put(SimulatedMessage("x#3"))
      try await account.sync()
      for folder in [.inbox, archive] {
        #expect(account.near.contents(of: folder) == account.far.contents(of: folder))
      }
    }
  }

  @Test("on the server of what an editor wrote over here brings the message, and not that (L4)")
  func ofEdited() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let key = try #require(account.near.key(of: "a"))
      account.near.folders[.inbox]?.messages[key] = SimulatedMessage("edited")
      account.far.put(SimulatedMessage("a"), in: archive)
      try await account.sync()
      #expect(account.near.contents(of: archive).map(\.text) == ["a"])
      #expect(account.near.contents(of: archive) == account.far.contents(of: archive))
      #expect(account.near.contents().map(\.text) == ["b", "c", "edited"])
    }
  }

  @Test("of what the other side deleted is a move (L7)", arguments: Side.allCases)
  func moveAgainstDeletion(side: Side) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      let key = try #require(here.key(of: "a"))
      let message = try #require(here.folders[.inbox]?.messages[key])
      here.remove(key)
      here.put(message, in: archive)
      there.remove(try #require(there.key(of: "a")))
      try await account.sync()
      #expect(there.contents(of: archive) == [message])
      #expect(there.contents().map(\.text) == ["b", "c"])
    }
  }

  @Test("of a whole folder needs no transfer and no person", arguments: Side.allCases)
  func renamedFolder(side: Side) async throws {
    try await Reactor.onShared {
      let (archive, renamed) = (try #require(Self.archive), try #require(FolderName("Archive 2")))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      for text in ["x", "y"] { here.put(SimulatedMessage(text), in: archive) }
      try await account.sync()
      here.folders[renamed] = here.folders.removeValue(forKey: archive)
      let before = (account.near.transfers, account.far.transfers)
      let report = try await account.sync()
      #expect(report.isClean)
      #expect(there.folders[archive] == nil)
      #expect(there.contents(of: renamed).map(\.text) == ["x", "y"])
      #expect((account.near.transfers, account.far.transfers) == before)
    }
  }

  @Test("of a whole folder needs no person either where the server numbered it anew meanwhile (L8)")
  func renamedAndRenumbered() async throws {
    try await Reactor.onShared {
      let (archive, renamed) = (try #require(Self.archive), try #require(FolderName("Archive 2")))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      for text in ["x", "y"] { account.far.put(SimulatedMessage(text), in: archive) }
      try await account.sync()
      account.near.folders[renamed] = account.near.folders.removeValue(forKey: archive)
      account.far.renumber(archive)
      #expect(try await account.sync().isClean)
      #expect(account.far.folders[archive] == nil)
      #expect(account.far.contents(of: renamed).map(\.text) == ["x", "y"])
      #expect(try await !account.sync().didChange)
    }
  }

  @Test("of all that was in a folder, which then goes, needs no person (L2)", arguments: Side.allCases)
  func emptiedFolder(side: Side) async throws {
    try await Reactor.onShared {
      let (archive, work) = (try #require(Self.archive), try #require(FolderName("Work")))
      let account = try await SimulatedAccount.filled(folders: [.inbox, work, archive])
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      for text in ["x", "y"] { here.put(SimulatedMessage(text), in: archive) }
      try await account.sync()
      for (text, target) in [("x", work), ("y", .inbox)] {
        let key = try #require(here.key(of: text, in: archive))
        here.put(try #require(here.folders[archive]?.messages[key]), in: target)
      }
      here.folders[archive] = nil
      let report = try await account.sync()
      #expect(report.isClean)
      #expect(there.folders[archive] == nil)
      #expect(there.contents(of: work).map(\.text) == ["x"])
      #expect(there.contents().map(\.text) == ["a", "b", "c", "y"])
      #expect(try await !account.sync().didChange)
    }
  }

  @Test("a vanished folder that is not empty is held until a person allows it (L8, L9)", arguments: Side.allCases)
  func vanishedFolder(side: Side) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      here.put(SimulatedMessage("only here"), in: archive)
      try await account.sync()
      here.folders[archive] = nil
      let report = try await account.sync()
      #expect(report.held.map(\.wholeFolder) == [true])
      #expect(there.contents(of: archive).count == 1)
      let allowed = try await account.sync(PassOptions(allowsDeletions: true))
      #expect(allowed.held.isEmpty)
      #expect(there.folders[archive] == nil)
    }
  }

  @Test("what a vanished folder does not let go of is not brought back, whoever else is in it (L3)")
  func leftInVanishedFolder() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.far.put(SimulatedMessage("known"), in: archive)
      try await account.sync()
      account.near.folders[archive] = nil
      account.far.put(SimulatedMessage("new"), in: archive)
      account.far.undeletable = ["known"]
      for _ in 1...2 { try await account.sync(PassOptions(allowsDeletions: true)) }
      #expect(account.far.contents(of: archive).map(\.text) == ["known", "new"])
      #expect(account.near.folders[archive] == nil)
      account.far.undeletable = []
      for _ in 1...2 { try await account.sync(PassOptions(allowsDeletions: true)) }
      #expect(account.far.contents(of: archive).map(\.text) == ["new"])
      #expect(account.near.contents(of: archive).map(\.text) == ["new"])
    }
  }

  @Test("an empty folder is made and removed on the other side", arguments: Side.allCases)
  func emptyFolder(side: Side) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled()
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      here.folders[archive] = SimulatedStore.Folder()
      try await account.sync()
      #expect(there.folders[archive] != nil)
      here.folders[archive] = nil
      try await account.sync()
      #expect(there.folders[archive] == nil)
    }
  }

  @Test("a folder removed with those below it goes with them on the other side, at once", arguments: Side.allCases)
  func folderWithOthers(side: Side) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let below = try #require(FolderName("\(archive)/2024"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive, below])
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      try await account.sync()
      for folder in [archive, below] { here.folders[folder] = nil }
      #expect(try await account.sync().isClean)
      #expect(Set(there.folders.keys) == [.inbox])
    }
  }

  @Test("a folder that goes from above others comes back where a server would take these with it (L1, L2)")
  func folderAboveOthers() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let below = try #require(FolderName("\(archive)/2024"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive, below])
      try await account.sync()
      account.near.folders[archive] = nil
      #expect(try await account.sync().isClean)
      #expect(account.near.folders[archive] != nil)
      account.far.folders[archive] = nil
      #expect(try await account.sync().isClean)
      #expect(Set(account.near.folders.keys) == [.inbox, below])
      #expect(try await !account.sync().didChange)
    }
  }

  @Test(
    "what came into a folder after it vanished elsewhere stays, whoever allows deletions (L1)", arguments: Side.allCases
  )
  func strangersInVanishedFolder(side: Side) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      here.put(SimulatedMessage("old"), in: archive)
      try await account.sync()
      here.folders[archive] = nil
      there.put(SimulatedMessage("new"), in: archive)
      #expect(try await account.sync().held.count == 1)
      #expect(there.contents(of: archive).count == 2)
      let report = try await account.sync(PassOptions(allowsDeletions: true))
      #expect(report.problems.count == 1)
      #expect(there.contents(of: archive).map(\.text) == ["new"])
      #expect(try await account.sync().isClean)
      for store in [here, there] { #expect(store.contents(of: archive).map(\.text) == ["new"]) }
    }
  }

  @Test("a vanished folder can be named, as the brake's advice does (L9)", arguments: Side.allCases)
  func namedVanishedFolder(side: Side) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      here.put(SimulatedMessage("x"), in: archive)
      try await account.sync()
      here.folders[archive] = nil
      let answer = try await OneShot(context: account.context())
        .run(PassOptions(allowsDeletions: true), names: [archive])
      #expect(answer.unknown.isEmpty)
      #expect(there.folders[archive] == nil)
    }
  }

  @Test("a pass over a named folder makes no other, and none where the name is nobody's")
  func namedOnly() async throws {
    try await Reactor.onShared {
      let (archive, lists) = (try #require(Self.archive), try #require(FolderName("Lists")))
      let account = SimulatedAccount()
      for folder in [archive, lists] { account.far.folders[folder] = SimulatedStore.Folder() }
      account.far.put(SimulatedMessage("x"), in: archive)
      let nobody = try #require(FolderName("Nobody"))
      let none = try await OneShot(context: account.context()).run(PassOptions(), names: [nobody])
      #expect(none.unknown == [nobody])
      #expect(Set(account.near.folders.keys) == [.inbox])
      let answer = try await OneShot(context: account.context()).run(PassOptions(), names: [archive])
      #expect(answer.unknown.isEmpty)
      #expect(Set(account.near.folders.keys) == [.inbox, archive])
      #expect(account.near.contents(of: archive).map(\.text) == ["x"])
    }
  }

  @Test("a folder whose place is another's is named, and the other syncs (L11)")
  func conflict() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled()
      account.far.folders[archive] = SimulatedStore.Folder()
      account.mapping = FolderMapping(
        nearName: { name, _ in name == archive ? nil : name }, farName: { name, _ in name == archive ? nil : name },
        conflict: { name, _ in name == archive ? "its place is taken" : nil })
      account.far.put(SimulatedMessage("new"))
      let report = try await account.sync()
      #expect(report.problems == [.init(folder: archive, reason: "its place is taken")])
      #expect(account.near.contents() == account.far.contents())
    }
  }

  @Test("a folder that the rules give another name is matched anew, and none is deleted (L8)")
  func renamedByRule() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let office = try #require(FolderName("Office"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.far.put(SimulatedMessage("x"), in: archive)
      try await account.sync()
      account.mapping = FolderMapping(
        nearName: { name, _ in name == archive ? office : name },
        farName: { name, _ in name == office ? archive : name == archive ? nil : name })
      #expect(try await account.sync().isClean)
      for store in [account.near, account.far] { #expect(store.contents(of: archive).map(\.text) == ["x"]) }
      #expect(account.near.contents(of: office).map(\.text) == ["x"])
      #expect(try await !account.sync().didChange)
    }
  }
}
