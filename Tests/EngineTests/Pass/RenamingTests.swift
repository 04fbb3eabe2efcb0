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

  @Test("is still the same where the server shows the mailbox empty for a while (L3, L9)")
  func hiddenMeanwhile() async throws {
    try await Reactor.onShared {
      let texts = (0..<30).map { "m\($0)" }
      let account = try await SimulatedAccount.filled(texts)
      let mailbox = try #require(account.far.folders[.inbox])
      for text in texts {
        account.far.remove(try #require(account.far.key(of: text)))
        try rename(text, in: account)
      }
      var dry = PassOptions()
      dry.isDryRun = true
      let told = try await account.sync(dry)
      #expect(told.held.map(\.deletions) == [30] && told.planned.map(\.kind) == [.delete])
      #expect(try await account.sync().held.count == 1)
      #expect(account.near.contents().count == texts.count && account.far.contents().isEmpty)
      account.far.folders[.inbox] = mailbox
      #expect(try await account.sync().isClean)
      #expect(account.far.contents().count == texts.count)
      #expect(account.near.contents() == account.far.contents())
    }
  }

  @Test("is new where the message is gone from the server by then: somebody brought it there (L1)")
  func goneThere() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.far.remove(try #require(account.far.key(of: "a")))
      try rename("a", in: account)
      try await account.sync()
      #expect(account.near.contents().map(\.text) == ["a", "b", "c"])
      #expect(account.near.contents() == account.far.contents())
    }
  }

  @Test("is new also where many are gone from both sides, and so few are back that the brake would let them go (L1)")
  func fewBack() async throws {
    try await Reactor.onShared {
      let texts = (0..<40).map { "m\($0)" }
      let account = try await SimulatedAccount.filled(texts)
      for text in texts.prefix(30) {
        account.far.remove(try #require(account.far.key(of: text)))
        account.near.remove(try #require(account.near.key(of: text)))
      }
      for text in texts.prefix(5) { account.near.put(SimulatedMessage(text)) }
      try await account.sync()
      #expect(account.near.contents().count == 15)
      #expect(account.near.contents() == account.far.contents())
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

  @Test("of which a copy was begun on the server, without an answer, is that copy (L3)")
  func copyUnderWay() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let inbox = try #require(try account.ledger.folders().first)
      account.near.remove(try #require(account.near.key(of: "a")))
      let key = account.near.put(SimulatedMessage("a"))
      let record = try #require(
        try account.ledger.records(in: inbox.id).first { $0.identity == SimulatedMessage("a").identity })
      try account.ledger.commit([
        .addIntent(
          inbox.id,
          IntentDraft(
            target: .far, source: Sighting(key: key, flags: .none), reserved: nil, uidNext: 4,
            identity: record.identity, date: record.date))
      ])
      account.far.put(SimulatedMessage("a"))
      try await account.sync()
      for store in [account.near, account.far] { #expect(store.contents().map(\.text).sorted() == ["a", "b", "c"]) }
      #expect(try account.ledger.intents(in: inbox.id).isEmpty)
    }
  }

  @Test("that comes back on the server's behest to where the base still has it, stays apart from that pair (L3)")
  func nameTaken() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let key = try #require(account.near.key(of: "a"))
      // A person moved it; another program copied it on the server, so that both are one in the new folder.
      let message = try #require(account.near.folders[.inbox]?.messages[key])
      account.near.folders[.inbox]?.messages[key] = nil
      account.near.folders[archive]?.messages[key] = message
      let copy = account.far.put(message, in: archive)
      let folders = try account.ledger.folders()
      let (inbox, target) = (
        try #require(folders.first { $0.names.far.isInbox }), try #require(folders.first { $0.names.far == archive })
      )
      try account.ledger.commit([
        .addPair(
          target.id, near: Sighting(key: key, flags: .none), far: Sighting(key: copy, flags: .none),
          identity: message.identity, date: message.date)
      ])
      // Then it goes back there, and INBOX has not been looked at yet.
      account.far.remove(copy, in: archive)
      account.far.put(message)
      for _ in 1...2 { try await account.sync() }
      #expect(account.near.contents() == account.far.contents())
      #expect(account.near.contents(of: archive).isEmpty && account.far.contents(of: archive).isEmpty)
      #expect(try account.ledger.pairs(in: inbox.id).count == account.far.contents().count)
    }
  }
}
