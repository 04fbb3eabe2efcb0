import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

@Suite("A file with another name")
struct RenamingTests {
  /// The same content under a new key, as after `mv cur/old:2,S cur/new:2,S`.
  @Loop
  private func rename(_ text: String, in account: SimulatedAccount, flags: FlagSet = .none) throws {
    account.near.remove(try #require(account.near.key(of: text)))
    account.near.put(SimulatedMessage(text, flags: flags))
  }

  @Test("is the same message: nothing happens on the server, however many they are (L9)")
  func all() async throws {
    try await Reactor.onShared {
      let texts = (0..<50).map { "m\($0)" }
      let account = try await SimulatedAccount.filled(texts)
      let before = Set(texts.compactMap { account.far.key(of: $0) })
      for text in texts { try rename(text, in: account) }
      #expect(try await account.sync().isClean)
      #expect(Set(texts.compactMap { account.far.key(of: $0) }) == before)
      #expect(account.far.contents().count == texts.count)
      #expect(account.near.contents() == account.far.contents())
      // The new names are the base's.
      account.near.remove(try #require(account.near.key(of: "m7")))
      try await account.sync()
      #expect(account.far.key(of: "m7") == nil)
      #expect(account.far.contents().count == texts.count - 1)
    }
  }

  @Test("that has other flags, too, has them on both sides")
  func flags() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let before = account.far.key(of: "a")
      try rename("a", in: account, flags: FlagSet([.flagged]))
      account.far.setFlags(FlagSet([.seen]), of: try #require(before))
      try await account.sync()
      #expect(account.far.key(of: "a") == before)
      #expect(account.near.contents().first?.flags == FlagSet([.flagged, .seen]))
      #expect(account.near.contents() == account.far.contents())
    }
  }

  @Test("goes where its message was deleted on the server meanwhile")
  func deletedThere() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      try rename("a", in: account)
      try await account.sync()
      account.far.remove(try #require(account.far.key(of: "a")))
      try await account.sync()
      #expect(account.near.contents().map(\.text) == ["b", "c"])
    }
  }

  @Test("is one of two alike, and the other one is new")
  func twoAlike() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      try rename("a", in: account)
      account.near.put(SimulatedMessage("a"))
      try await account.sync()
      #expect(account.near.contents().map(\.text) == ["a", "a", "b", "c"])
      #expect(account.far.contents().map(\.text) == ["a", "a", "b", "c"])
    }
  }

  @Test("is no deletion and no new message to a dry run, which tells the base of nothing")
  func dryRun() async throws {
    try await Reactor.onShared {
      let texts = (0..<50).map { "m\($0)" }
      let account = try await SimulatedAccount.filled(texts)
      for text in texts { try rename(text, in: account) }
      for _ in 1...2 {
        let report = try await account.sync(PassOptions(isDryRun: true))
        #expect(report.plan.isEmpty)
        #expect(report.held.isEmpty)
      }
    }
  }
}
