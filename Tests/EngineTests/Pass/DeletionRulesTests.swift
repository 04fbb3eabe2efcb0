import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

/// What a person configured for deletions: how much at once, and what is kept of them.
@Suite("An account's deletions")
struct DeletionRulesTests {
  private static let count = 15

  /// INBOX and three folders of 15 messages each: none of them is too much for a folder's brake.
  @Loop
  private static func manySmallFolders() async throws -> (SimulatedAccount, [FolderName]) {
    let account = SimulatedAccount()
    let folders = try [FolderName.inbox] + ["A", "B", "C"].map { try #require(FolderName($0)) }
    for folder in folders {
      account.far.folders[folder] = SimulatedStore.Folder()
      for number in 0..<count { account.far.put(SimulatedMessage("\(folder) \(number)"), in: folder) }
    }
    try await account.sync()
    return (account, folders)
  }

  @Test("are held where many small folders empty at once, and go on when a person allows it (L9)")
  func accountBrake() async throws {
    try await Reactor.onShared {
      let (account, folders) = try await Self.manySmallFolders()
      for folder in folders.dropFirst() { account.far.empty(folder) }
      let report = try await account.sync()
      #expect(report.counts.near.deleted == 0)
      #expect(Set(report.held.map(\.folder)) == Set(folders.dropFirst()))
      #expect(report.held.first?.account == AccountBrake.Hold(deletions: 45, total: 60))
      #expect(try await !account.sync().isClean, "it stays held")
      try await account.sync(PassOptions(allowsDeletions: true))
      #expect(account.near.contents(of: folders[1]).isEmpty)
      #expect(try await account.sync().isClean)
    }
  }

  @Test("are held as the configured share says (L9)", arguments: [(20, true), (80, false)])
  func share(percent: Int, isHeld: Bool) async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      account.deletionRules.brake = Brake(percent: percent)
      for number in 0..<50 { account.far.put(SimulatedMessage("\(number)")) }
      try await account.sync()
      for number in 0..<25 { account.far.remove(try #require(account.far.key(of: "\(number)"))) }
      #expect(try await account.sync().held.isEmpty != isHeld)
      #expect(account.near.contents().count == (isHeld ? 50 : 25))
    }
  }

  @Test("go to the server's Trash where there is one, but for what lives on elsewhere and for the Trash itself")
  func trash() async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      let (trash, archive) = (try #require(FolderName("Trash")), try #require(FolderName("Archive")))
      account.deletionRules.trash = trash
      account.far.folders[archive] = SimulatedStore.Folder()
      for text in ["deleted", "moved", "stays"] { account.far.put(SimulatedMessage(text)) }
      account.far.put(SimulatedMessage("marked", flags: FlagSet([.deleted, .seen])))
      try await account.sync()
      for text in ["deleted", "marked"] { account.near.remove(try #require(account.near.key(of: text))) }
      account.near.move("moved", to: archive)
      try await account.sync()
      #expect(account.far.contents().map(\.text) == ["stays"])
      #expect(account.far.contents(of: archive).map(\.text) == ["moved"])
      #expect(account.far.contents(of: trash).map(\.text) == ["deleted", "marked"])
      #expect(account.far.contents(of: trash).last?.flags == FlagSet([.seen]), "no client may expunge it")
      try await account.sync()
      #expect(account.near.contents(of: trash) == account.far.contents(of: trash))
      account.near.remove(try #require(account.near.key(of: "deleted", in: trash)), in: trash)
      try await account.sync()
      #expect(account.far.contents(of: trash).map(\.text) == ["marked"])
      #expect(try await !account.sync().didChange)
    }
  }

  @Test(
    "wait where the server cannot take them from their folder into the Trash, and are not brought back (L3)",
    arguments: [SimulatedStore.MoveResult.copy, .nothing])
  func trashInVain(result: SimulatedStore.MoveResult) async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let trash = try #require(FolderName("Trash"))
      account.deletionRules.trash = trash
      account.far.folders[trash] = SimulatedStore.Folder()
      account.near.remove(try #require(account.near.key(of: "a")))
      account.far.movesTo = result
      #expect(try await !account.sync().isClean)
      account.far.movesTo = .move
      for _ in 1...2 { #expect(try await account.sync().isClean) }
      for side in [account.near, account.far] {
        #expect(side.contents().map(\.text) == ["b", "c"])
        #expect(side.contents(of: trash).map(\.text) == ["a"])
      }
    }
  }

  @Test("go to a Trash that does not take part, and what lives on only in a folder left out by now goes there, too")
  func leftOut() async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      let (trash, old) = (try #require(FolderName("Trash")), try #require(FolderName("Old")))
      for folder in [trash, old] { account.far.folders[folder] = SimulatedStore.Folder() }
      account.deletionRules.trash = trash
      account.mapping = FolderMapping(
        nearName: { name, _ in name == trash ? nil : name }, farName: { name, _ in name == trash ? nil : name })
      for folder in [FolderName.inbox, old] { account.far.put(SimulatedMessage("a"), in: folder) }
      try await account.sync()
      account.mapping = FolderMapping(
        nearName: { name, _ in name.isInbox ? name : nil }, farName: { name, _ in name.isInbox ? name : nil })
      account.near.remove(try #require(account.near.key(of: "a")))
      try await account.sync()
      #expect(account.far.contents(of: trash).map(\.text) == ["a"])
      #expect(!account.faults.log.contains { $0.contains("create Trash") })
    }
  }

  /// Its Trash takes no part, and a move is a copy there of which the second half is refused.
  @Loop
  private static func leftOutTrash() async throws -> (SimulatedAccount, FolderName) {
    let account = SimulatedAccount()
    let trash = try #require(FolderName("Trash"))
    account.far.folders[trash] = SimulatedStore.Folder()
    account.deletionRules.trash = trash
    account.mapping = FolderMapping(
      nearName: { name, _ in name == trash ? nil : name }, farName: { name, _ in name == trash ? nil : name })
    for text in ["a", "b"] { account.far.put(SimulatedMessage(text)) }
    account.far.movesTo = .copy
    try await account.sync()
    return (account, trash)
  }

  @Test(
    "go to a Trash that does not take part once, however often the server refuses to take them from their folder (L3)")
  func leftOutInVain() async throws {
    try await Reactor.onShared {
      let (account, trash) = try await Self.leftOutTrash()
      account.far.refuses.deletions = "nobody deletes here"
      for text in ["a", "b"] {
        account.near.remove(try #require(account.near.key(of: text)))
        for _ in 1...3 { #expect(try await !account.sync().isClean) }
      }
      #expect(account.far.contents(of: trash).map(\.text) == ["a", "b"])
      account.far.refuses.deletions = nil
      #expect(try await account.sync().isClean)
      #expect(account.far.contents(of: trash).map(\.text) == ["a", "b"] && account.far.contents().isEmpty)
    }
  }

  @Test("go to a Trash that does not take part once, also where the answer to the copy is lost (L3, L5)")
  func leftOutUnanswered() async throws {
    try await Reactor.onShared {
      let (account, trash) = try await Self.leftOutTrash()
      account.near.remove(try #require(account.near.key(of: "a")))
      account.faults.onStep = { name in
        if name.hasPrefix("after far copy") { account.faults.deadline = account.faults.steps + 1 }
      }
      await #expect(throws: StoreError.self) { try await account.sync() }
      account.faults.onStep = nil
      account.faults.revive()
      try await account.sync()
      #expect(account.far.contents(of: trash).map(\.text) == ["a"] && account.far.contents().map(\.text) == ["b"])
      // Nothing is left of it: who empties the Trash, and deletes the like again, finds it there.
      account.far.empty(trash)
      account.far.put(SimulatedMessage("a"))
      account.far.movesTo = .move
      try await account.sync()
      account.near.remove(try #require(account.near.key(of: "a")))
      try await account.sync()
      #expect(account.far.contents(of: trash).map(\.text) == ["a"])
    }
  }

  @Test("of the server are kept here for as long as a person wants, also without a Message-ID, and no longer")
  func kept() async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      account.deletionRules.keepSeconds = 2 * 24 * 3600
      account.far.put(SimulatedMessage("a"))
      account.far.put(SimulatedMessage("?"))
      try await account.sync()
      for text in ["a", "?"] { account.far.remove(try #require(account.far.key(of: text))) }
      try await account.sync()
      #expect(account.near.kept.count == 2)
      account.clock.advance(by: .seconds(2 * 24 * 3600))
      try await account.sync()
      #expect(account.near.kept.count == 2)
      account.clock.advance(by: .seconds(1))
      try await account.sync()
      #expect(account.near.kept.isEmpty)
      #expect(try account.ledger.limbo(before: nil).isEmpty)
    }
  }

  @Test("are told before they happen, with what showed them (L1)")
  func told() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.far.remove(try #require(account.far.key(of: "a")))
      try await account.sync()
      account.far.hasModSeq = false
      account.far.remove(try #require(account.far.key(of: "b")))
      try await account.sync()
      let notices = account.recorder.events.compactMap { if case .deleting(let notice) = $0 { notice } else { nil } }
      #expect(notices.map(\.side) == [.near, .near])
      #expect(notices.map(\.evidence) == [.seenGone, .notListed])
      #expect(notices.map(\.records.count) == [1, 1])
      #expect(notices.allSatisfy { !$0.isAllowedByPerson && $0.folder == .inbox })
    }
  }
}
