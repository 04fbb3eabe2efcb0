import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

/// Two sides that hold the same messages and have no common past, found by simulated worlds.
@Suite("The same message on both sides")
struct StrangersTests {
  @Test("is one message, although its dates differ, as after other synchronizers (L3)")
  func otherDates() async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      for text in ["a", "b", "c"] {
        account.near.put(SimulatedMessage(text, date: InternalDate(secondsSince1970: 1_600_000_000)))
        account.far.put(SimulatedMessage(text, date: InternalDate(secondsSince1970: 1_700_000_000)))
      }
      let report = try await account.sync()
      #expect(account.near.contents().count == 3)
      #expect(account.far.contents().count == 3)
      #expect(report.counts.far.delivered == 0)
      #expect(report.counts.near.delivered == 0)
    }
  }

  @Test("is one message, although it has no Message-ID and a mail reader added header lines to one copy (L3)")
  func nameless() async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      var saved = SimulatedMessage("?letter", date: InternalDate(secondsSince1970: 1_600_000_000))
      saved.added = 42
      account.near.put(saved)
      account.far.put(SimulatedMessage("?letter"))
      account.far.put(SimulatedMessage("?another"))
      for _ in 1...2 {
        try await account.sync()
        for store in [account.near, account.far] {
          #expect(store.contents().map(\.text).sorted() == ["?another", "?letter"])
        }
      }
    }
  }

  @Test("is two, where only the words differ, as of a draft that was changed here and there within a second (L1)")
  func otherWords() async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      account.near.put(SimulatedMessage("draft#here"))
      account.far.put(SimulatedMessage("draft#away"))
      for _ in 1...2 {
        try await account.sync()
        for store in [account.near, account.far] {
          #expect(Set(store.contents().map(\.text)) == ["draft#here", "draft#away"])
        }
      }
    }
  }

  @Test("is one message, although one side's copy cannot be read at first (L3)")
  func unreadable() async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      for text in ["a", "b"] {
        account.near.put(SimulatedMessage(text))
        account.far.put(SimulatedMessage(text))
      }
      account.near.unreadable = ["a"]
      #expect(try await !account.sync().problems.isEmpty)
      account.near.unreadable = []
      try await account.sync()
      for store in [account.near, account.far] { #expect(store.contents().map(\.text) == ["a", "b"]) }
      #expect(try await account.sync().problems.isEmpty)
    }
  }

  @Test("is one message, although the server's copy cannot be read for hours, and holds up no other (L3, L11)")
  func unreadableForLong() async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      for store in [account.near, account.far] { for text in ["?", "b"] { store.put(SimulatedMessage(text)) } }
      account.near.put(SimulatedMessage("c"))
      account.far.unreadable = ["?"]
      for _ in 1...4 {
        let report = try await account.sync()
        #expect(!report.isClean)
        #expect(account.far.contents().map(\.text) == ["?", "b", "c"])
        account.clock.advance(by: .seconds(7200))
      }
      account.far.unreadable = []
      #expect(try await account.sync().isClean)
      for store in [account.near, account.far] { #expect(store.contents().map(\.text) == ["?", "b", "c"]) }
    }
  }

  @Test("stays one, although a listing leaves out its folder while it is renamed on the other side (L3, L8)")
  func emptyListing() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let lists = try #require(FolderName("Lists"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.near.put(SimulatedMessage("x"), in: archive)
      try await account.sync()
      account.far.listsNothing = true
      account.near.folders[lists] = account.near.folders[archive]
      account.near.folders[archive] = nil
      try await account.sync()
      account.far.listsNothing = false
      try await account.sync()
      try await account.sync()
      for store in [account.near, account.far] {
        #expect(store.contents(of: lists).map(\.text) == ["x"])
        #expect(store.folders[archive] == nil)
      }
    }
  }

  @Test("that a disturbed listing does not show are not brought over as new (L3)", arguments: Side.allCases)
  func restless(side: Side) async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      for store in [account.near, account.far] { store.put(SimulatedMessage("a")) }
      let store = side == .near ? account.near : account.far
      store.restless = ["a"]
      let report = try await account.sync()
      #expect(!report.isClean)
      store.restless = []
      let second = try await account.sync()
      #expect(second.isClean)
      for store in [account.near, account.far] { #expect(store.contents().map(\.text) == ["a"]) }
    }
  }
}
