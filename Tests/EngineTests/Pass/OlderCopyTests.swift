import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// A Maildir that somebody put back from a backup or a snapshot.
@Suite("An older copy of a Maildir")
struct OlderCopyTests {
  private static let archive = FolderName("Archive")

  @Loop
  private struct Backup {
    let folders: [FolderName: SimulatedStore.Folder]
    let age: String?

    init(of store: SimulatedStore) { (folders, age) = (store.folders, store.storeAge) }

    func putBack(in store: SimulatedStore) { (store.folders, store.storeAge) = (folders, age) }
  }

  @Test("lacks what came since, and nobody has deleted that (L1, L8)", arguments: [false, true])
  func newMail(isKilled: Bool) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let backup = Backup(of: account.near)
      account.far.put(SimulatedMessage("new"))
      account.near.put(SimulatedMessage("written"), in: archive)
      account.far.setFlags(FlagSet(.seen), of: try #require(account.far.key(of: "a")))
      account.near.setFlags(FlagSet(.flagged), of: try #require(account.near.key(of: "b")))
      account.far.remove(try #require(account.far.key(of: "c")))
      try await account.sync()
      backup.putBack(in: account.near)
      if isKilled {
        // In the middle of what makes it good.
        account.faults.onStep = {
          if $0.hasPrefix("after near store") { account.faults.deadline = account.faults.steps + 1 }
        }
        await #expect(throws: StoreError.self) { try await account.sync() }
        account.faults.onStep = nil
        account.faults.revive()
      }
      for _ in 1...2 { try await account.sync() }
      for store in [account.near, account.far] {
        // What was deleted since is back.
        #expect(store.contents().map(\.text) == ["a", "b", "c", "new"])
        #expect(store.contents(of: archive).map(\.text) == ["written"])
        // The flags of now, not of then.
        #expect(store.contents().first { $0.text == "a" }?.flags == FlagSet(.seen))
        #expect(store.contents().first { $0.text == "b" }?.flags == FlagSet(.flagged))
      }
      #expect(try await !account.sync().didChange)
      // And all goes on as ever.
      account.near.remove(try #require(account.near.key(of: "a")))
      try await account.sync()
      #expect(account.far.contents().map(\.text) == ["b", "c", "new"])
    }
  }

  @Test("is found out before anything is deleted for it, also where it comes under a pass (L1)")
  func meanwhile() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let backup = Backup(of: account.near)
      account.far.put(SimulatedMessage("new"))
      for _ in 1...2 { try await account.sync() }
      account.faults.onStep = { if $0.hasPrefix("near list") { backup.putBack(in: account.near) } }
      let error = await #expect(throws: StoreError.self) { try await account.sync() }
      #expect(error?.text.contains("an older copy of itself") == true)
      account.faults.onStep = nil
      try await account.sync()
      for store in [account.near, account.far] { #expect(store.contents().map(\.text) == ["a", "b", "c", "new"]) }
    }
  }

  @Test("has old flags, also where nothing is missing, and those of now win (L6)")
  func flags() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      try await account.sync()
      let backup = Backup(of: account.near)
      account.far.setFlags(FlagSet(.seen), of: try #require(account.far.key(of: "a")))
      for _ in 1...2 { try await account.sync() }
      backup.putBack(in: account.near)
      try await account.sync()
      for store in [account.near, account.far] {
        #expect(store.contents().first { $0.text == "a" }?.flags == FlagSet(.seen))
      }
    }
  }

  @Test("may lack whole folders, which nobody has removed (L8)")
  func folders() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled()
      let backup = Backup(of: account.near)
      account.far.folders[archive] = SimulatedStore.Folder()
      account.far.put(SimulatedMessage("kept"), in: archive)
      for _ in 1...2 { try await account.sync() }
      backup.putBack(in: account.near)
      for _ in 1...2 { try await account.sync() }
      #expect(try await account.sync().isClean)
      for store in [account.near, account.far] { #expect(store.contents(of: archive).map(\.text) == ["kept"]) }
    }
  }

  @Test("is told by an age that a later session leaves, where the one that brought the messages died before")
  func diedBefore() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      try await account.sync()
      let age = try #require(account.near.storeAge)
      account.far.put(SimulatedMessage("new"))
      account.faults.onStep = {
        if $0 == "before near set age 2" { account.faults.deadline = account.faults.steps + 1 }
      }
      await #expect(throws: StoreError.self) { try await account.sync() }
      account.faults.onStep = nil
      account.faults.revive()
      #expect(account.near.storeAge == age)
      try await account.sync()
      #expect(account.near.storeAge != age)
    }
  }

  @Test("is not what a power cut leaves between the age and the ledger's word of it")
  func interrupted() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.died(after: { $0.hasPrefix("after near set age 2") }) {
        let account = try await SimulatedAccount.filled()
        account.far.put(SimulatedMessage("new"))
        return account
      }
      account.near.remove(try #require(account.near.key(of: "a")))
      try await account.sync()
      #expect(account.far.contents().map(\.text) == ["b", "c", "new"])
      let age = try #require(account.near.storeAge)
      try await account.sync()
      // A pass that changes nothing leaves nothing.
      #expect(account.near.storeAge == age)
    }
  }

  @Test("is told by a dry run, which says nothing of what it would do")
  func dryRun() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let backup = Backup(of: account.near)
      account.far.put(SimulatedMessage("new"))
      try await account.sync()
      backup.putBack(in: account.near)
      var options = PassOptions()
      options.isDryRun = true
      let error = await #expect(throws: StoreError.self) { try await account.sync(options) }
      #expect(error?.kind == .needsPerson)
    }
  }
}
