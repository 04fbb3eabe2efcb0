import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// A move that one pass, or one process, left half done when another comes along.
@Suite("A move that is half done")
struct HalfMovedTests {
  @Test("after a deletion that the server refused bears the mark that a person gave it since (L6)")
  func markedSince() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let inbox = try #require(try account.ledger.folders().first { $0.names.far.isInbox })
      let mark = FlagSet(.deleted)
      let identity = SimulatedMessage("a").identity
      let record = try #require(try account.ledger.records(in: inbox.id).first { $0.identity == identity })
      let context = account.context()
      try await context.open()
      _ = try await FullPass(context: context, options: PassOptions(), names: nil).run()
      // Before the deletion begins.
      try account.ledger.commit([.setFlags(record.pair.id, Sides(near: mark, far: mark))])
      account.near.move("a", to: archive)
      account.near.setFlags(mark, of: try #require(account.near.key(of: "a", in: archive)), in: archive)
      let target = try #require(context.folders[.near, archive])
      let request = PassRunner.Request(folder: target, scopes: Sides(near: .pending, far: nil))
      _ = try await PassRunner(context: context, options: PassOptions(), listing: nil).run([request])
      #expect(account.far.contents(of: archive).map(\.flags) == [mark])
      try await account.sync()
      #expect(account.near.contents(of: archive).map(\.flags) == [mark])
      #expect(account.near.contents(of: archive) == account.far.contents(of: archive))
    }
  }

  @Test("is not sent as well where the server refuses all that is asked of it after it moved the message (L3)")
  func refusesAfterMove() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let moved = try #require(account.far.key(of: "a"))
      account.near.move("a", to: archive)
      account.faults.refused = ["after far move \(moved)", "far look INBOX"]
      #expect(try await account.sync().problems.contains { $0.folder == archive })
      account.faults.refused = []
      try await account.sync()
      for store in [account.near, account.far] {
        #expect(store.contents().map(\.text) == ["b", "c"])
        #expect(store.contents(of: archive).map(\.text) == ["a"])
      }
    }
  }

  private static let archive = FolderName("Archive")

  @Test("leaves its old place until every folder was looked at: its content is not sent anew (L3)")
  func movedWhileAway() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.near.move("a", to: archive)
      let (context, options) = (account.context(), PassOptions())
      try await context.open()
      let folders = try await FolderDiscovery(context: context, options: options).run().folders
      let inbox = try #require(folders.first { $0.title.isInbox })
      let wide = Sides<LookScope?>(near: .wide(since: nil), far: .wide(since: nil))
      // An event of this session tells of the old place first.
      @Loop func passForEvent() async throws {
        _ = try await PassRunner(context: context, options: options, listing: nil)
          .run([.init(folder: inbox, scopes: wide)])
      }
      try await passForEvent()
      #expect(account.far.key(of: "a") != nil && inbox.hasPostponedDeletions)
      _ = try await FullPass(context: context, options: options, names: nil).run()
      #expect(account.far.key(of: "a") == nil && account.near.transfers == 0)
      #expect(account.far.contents(of: archive).map(\.text) == ["a"])
      // From then on nothing waits.
      account.near.remove(try #require(account.near.key(of: "b")))
      try await passForEvent()
      #expect(account.far.key(of: "b") == nil)
    }
  }

  @Test(
    "by another client, of what has just been sent without an answer, is that message's, which is not sent anew (L3, L6)"
  )
  func deliveredAndMovedAway() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      @Loop func account() async throws -> SimulatedAccount {
        let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
        account.far.put(SimulatedMessage("old"), in: archive)
        account.near.put(SimulatedMessage("new", flags: FlagSet(.draft)))
        return account
      }
      let play = try await SimulatedAccount.died(after: { $0 == "after far store new" }, account)
      play.far.setFlags(FlagSet([.draft, .seen]), of: try #require(play.far.key(of: "new")))
      play.far.move("new", to: archive)
      play.near.setFlags(FlagSet([.draft, .flagged]), of: try #require(play.near.key(of: "new")))
      for _ in 1...3 { #expect(try await play.sync().isClean) }
      for store in [play.near, play.far] {
        #expect(store.contents().map(\.text) == ["a", "b", "c"])
        #expect(store.contents(of: archive).map(\.text) == ["new", "old"])
        #expect(store.contents(of: archive).first?.flags == FlagSet([.draft, .seen, .flagged]))
      }
      #expect(play.faults.log.filter { $0 == "after far store new" }.count == 1)
      #expect(try await !play.sync().didChange)
    }
  }

  @Test("is undone on the server by others, and the base does not know yet that a file went (L3)")
  func movedAndMovedBack() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      @Loop func account() async throws -> SimulatedAccount {
        let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
        let key = try #require(account.near.key(of: "a"))
        account.near.remove(key)
        account.near.put(SimulatedMessage("a"), in: archive, as: key)
        return account
      }
      let play = try await SimulatedAccount.died(after: { $0.hasPrefix("after far move") }, account)
      play.far.move("a", from: archive, to: .inbox)
      for _ in 1...3 { #expect(try await play.sync().isClean) }
      for store in [play.near, play.far] {
        #expect(store.contents().map(\.text) == ["a", "b", "c"])
        #expect(store.contents(of: archive).isEmpty)
      }
      #expect(try await !play.sync().didChange)
    }
  }

  @Test("gives the copy no mark of a deletion that was begun (L1)")
  func markedForDeletion() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let message = SimulatedMessage("moved")
      let key = account.near.put(message)
      try await account.sync()
      // A martlet was killed between STORE and EXPUNGE, because the message was gone from its folder; it was moved.
      let marked = try #require(account.far.key(of: "moved"))
      account.far.setFlags(FlagSet(.deleted), of: marked)
      account.near.remove(key)
      account.near.put(message, in: archive)
      try await account.sync()
      for store in [account.near, account.far] {
        #expect(store.key(of: "moved") == nil)
        #expect(store.contents(of: archive).map(\.flags) == [message.flags])
      }
    }
  }

  @Test("with other flags at once brings them when its note finds it (L6)", arguments: [true, false])
  func movedAndMarked(isSet: Bool) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      @Loop func account() async throws -> SimulatedAccount {
        let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
        account.near.setFlags(FlagSet(isSet ? .seen : .flagged), of: try #require(account.near.key(of: "a")))
        try await account.sync()
        account.near.move("a", to: archive)
        let moved = try #require(account.near.key(of: "a", in: archive))
        account.near.setFlags(FlagSet(isSet ? [.seen, .flagged] : []), of: moved, in: archive)
        return account
      }
      let play = try await SimulatedAccount.died(after: { $0.hasPrefix("after far move") }, account)
      try await play.sync()
      for store in [play.near, play.far] {
        #expect(store.contents(of: archive).map(\.flags) == [FlagSet(isSet ? [.seen, .flagged] : [])])
      }
    }
  }

  @Test(
    "is no loss where the message is back in its old place before the next run (L1)",
    arguments: [true, false])
  func movedAndBack(isNumberingListed: Bool) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let rehearsal = try await SimulatedAccount.filled(folders: [.inbox, archive])
      rehearsal.near.move("a", to: archive)
      try await rehearsal.sync()
      let step = try #require(rehearsal.faults.log.firstIndex { $0.hasPrefix("after far move") })
      let play = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let key = try #require(play.near.key(of: "a"))
      play.near.move("a", to: archive)
      play.faults.deadline = step + 1
      await #expect(throws: StoreError.self) { try await play.sync() }
      play.faults.revive()
      // Under its own name, as mv does.
      let moved = try #require(play.near.key(of: "a", in: archive))
      let message = try #require(play.near.folders[archive]?.messages[moved])
      play.near.remove(moved, in: archive)
      play.near.folders[.inbox]?.messages[key] = message
      play.far.listsNumbers = isNumberingListed
      try await play.sync()
      try await play.sync()
      for store in [play.near, play.far] {
        #expect(store.contents().map(\.text) == ["a", "b", "c"])
        #expect(store.contents(of: archive).isEmpty)
      }
      #expect(play.near.transfers == 0)
      #expect(try await !play.sync().didChange)
    }
  }

  @Test("that was a copy is undone where its source is gone by then, and the server does not name what is gone (L2)")
  func copiedAndGone() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      @Loop func account() async throws -> SimulatedAccount {
        let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
        account.far.put(SimulatedMessage("a"), in: archive)
        return account
      }
      let play = try await SimulatedAccount.died(after: { $0.hasPrefix("after near copy") }, account)
      let key = try #require(play.far.key(of: "a", in: archive))
      play.far.remove(key, in: archive)
      // As many are there as at the last look, and nothing more is to be heard of that one.
      play.far.folders[archive]?.changed[key] = nil
      for _ in 1...2 { try await play.sync() }
      #expect(play.near.contents(of: archive).isEmpty)
      #expect(play.near.contents().map(\.text) == ["a", "b", "c"])
    }
  }
}
