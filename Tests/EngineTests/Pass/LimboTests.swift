import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

@Suite("What is kept of deleted messages")
struct LimboTests {
  @Test("is one pass's at a time, whether that takes it back or lets it go")
  func taken() async throws {
    try await Reactor.onShared {
      let ledger = SimulatedLedger(faults: Faults())
      let identity = SimulatedMessage("a").identity
      let date = InternalDate(secondsSince1970: 9)
      let traits = MessageTraits(wireSize: identity.wireSize, date: date, messageID: identity.messageID)
      let wanted = try #require(DatedTraits(Observation(flags: .none, traits: traits)))
      let entry = LimboEntry(key: .file("x"), identity: identity, date: date, since: 5)
      let limbo = LimboClaims()
      #expect(try limbo.take(wanted, from: ledger) == nil)
      try ledger.commit([.addLimbo(entry)])
      #expect(try limbo.take(wanted, from: ledger) == entry)
      #expect(try limbo.take(wanted, from: ledger) == nil)
      #expect(try limbo.take(keptBefore: 6, from: ledger).isEmpty)
      limbo.giveBack([entry])
      #expect(try limbo.take(keptBefore: 5, from: ledger).isEmpty)
      #expect(try limbo.take(keptBefore: 6, from: ledger) == [entry])
      #expect(try limbo.take(wanted, from: ledger) == nil)
    }
  }

  @Test(
    "is taken back only where it still is what it was; else the message comes from the server (L3)",
    arguments: [false, true])
  func changed(isChanged: Bool) async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      // A move on the server, of which the deletion is seen first.
      let message = try #require(account.far.contents().first { $0.text == "a" })
      account.far.remove(try #require(account.far.key(of: "a")))
      try await account.sync()
      #expect(account.near.kept.count == 1)
      if isChanged { account.near.kept = account.near.kept.mapValues { _ in SimulatedMessage("torn") } }
      account.far.put(message, in: archive)
      let transfers = account.far.transfers
      try await account.sync()
      #expect(account.near.contents(of: archive).map(\.text) == ["a"])
      #expect(account.far.transfers == transfers + (isChanged ? 1 : 0))
    }
  }

  @Test("is no new message where it was taken back for one that somebody deleted before the base knew (L3)")
  func deletedMeanwhile() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let message = try #require(account.far.contents().first { $0.text == "a" })
      account.far.remove(try #require(account.far.key(of: "a")))
      try await account.sync()
      account.far.put(message, in: archive)
      account.faults.onStep = {
        if $0.hasPrefix("after near restore") { account.faults.deadline = account.faults.steps + 1 }
      }
      await #expect(throws: StoreError.self) { try await account.sync() }
      account.faults.onStep = nil
      account.faults.revive()
      #expect(account.near.contents(of: archive).map(\.text) == ["a"])
      account.far.remove(try #require(account.far.key(of: "a", in: archive)), in: archive)
      for _ in 1...2 { try await account.sync() }
      for store in [account.near, account.far] { #expect(store.contents(of: archive).isEmpty) }
      #expect(try await !account.sync().didChange)
    }
  }

  @Test("is named at each pass where it cannot be let go, and the others go (L11)")
  func cannotGo() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      for text in ["a", "b"] { account.far.remove(try #require(account.far.key(of: text))) }
      try await account.sync()
      account.near.undeletable = ["a"]
      account.clock.advance(by: .seconds(DeletionRules.keepSecondsMin + 1))
      for _ in 1...2 {
        let report = try await account.sync()
        #expect(report.problems.map(\.reason) == ["what was deleted a while ago stays where it is kept: it stays"])
        #expect(account.near.kept.values.map(\.text) == ["a"])
      }
      account.near.undeletable = []
      #expect(try await account.sync().isClean)
      #expect(account.near.kept.isEmpty)
      #expect(try account.ledger.limbo(before: nil).isEmpty)
    }
  }

  @Test("is taken back under another name where its own is still another message's to the base (L3)")
  func nameTaken() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let key = try #require(account.near.key(of: "a"))
      // A copy by another program, which keeps names.
      account.near.put(SimulatedMessage("a"), in: archive, as: key)
      try await account.sync()
      account.far.remove(try #require(account.far.key(of: "a")))
      try await account.sync()
      #expect(account.near.kept.count == 1)
      // That copy goes, and another one comes on the server.
      account.near.remove(key, in: archive)
      account.far.put(SimulatedMessage("a"), in: archive)
      for _ in 1...2 { #expect(try await account.sync().isClean) }
      for store in [account.near, account.far] { #expect(store.contents(of: archive).map(\.text) == ["a"]) }
      #expect(account.near.key(of: "a", in: archive) != key)
    }
  }
}
