import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@Suite("A message that was set aside")
struct SettingAsideTests {
  @Test("for its file cannot be read, is sent as soon as a person has mended that (L11)", arguments: [false, true])
  func mendedFile(isFoundLate: Bool) async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      if isFoundLate { account.near.unidentifiable = ["bad"] } else { account.near.unreadable = ["bad"] }
      account.near.put(SimulatedMessage("bad"))
      for _ in 1...3 { #expect(try await !account.sync().isClean) }
      #expect(account.far.contents().map(\.text) == ["a", "b", "c"])
      (account.near.unidentifiable, account.near.unreadable) = ([], [])
      #expect(try await account.sync().isClean)
      #expect(account.far.contents().map(\.text) == ["a", "b", "bad", "c"])
    }
  }

  @Test("for the server refuses it, is not sent again at each pass (L11)")
  func refused() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.far.refused = ["bad"]
      account.near.put(SimulatedMessage("bad"))
      #expect(try await !account.sync().isClean)
      let transfers = account.near.transfers
      for _ in 1...3 { #expect(try await !account.sync().isClean) }
      #expect(account.near.transfers == transfers)
    }
  }

  @Test("with many others is looked up with them, however many they are (L11)")
  func manyRefused() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let texts = (0..<2_000).map { "bad\($0)" }
      account.far.refused = Set(texts)
      for text in texts { account.near.put(SimulatedMessage(text)) }
      for _ in 1...2 {
        let told = account.ledger.setAsideTold
        #expect(try await account.sync().problems.count == texts.count)
        #expect(account.ledger.setAsideTold - told <= 8 * texts.count)
        account.clock.advance(by: .seconds(90_000))
      }
    }
  }

  @Test("for there is no room, keeps from being sent what is no smaller, and nothing else (L11)")
  func noRoom() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      // Newest first, so that it comes last.
      account.near.put(SimulatedMessage("small"))
      for number in 0..<1_500 { account.near.put(SimulatedMessage("large, and refused \(number + 1_000)")) }
      account.far.room = SimulatedMessage("small").identity.wireSize
      let before = account.near.transfers
      #expect(try await account.sync().problems.count == 1_500, "each is named")
      // Two batches are under way before the first answer comes.
      #expect(account.near.transfers - before == 2 * 256 + 1)
      #expect(account.far.contents().map(\.text) == ["a", "b", "c", "small"])
      account.far.room = nil
      #expect(try await !account.sync().didChange, "not before its time")
      account.clock.advance(by: .seconds(90_000))
      #expect(try await account.sync().isClean)
      #expect(account.near.contents() == account.far.contents())
    }
  }

  @Test("for there is no room, keeps back nothing any more once somebody has made some (L11)")
  func roomMade() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      for number in 0..<1_500 { account.near.put(SimulatedMessage("large, and refused \(number + 1_000)")) }
      account.far.room = 1
      var stored = 0
      account.faults.onStep = { name in
        guard name == "far add" else { return }
        stored += 1
        if stored == 300 { account.far.room = nil }
      }
      let report = try await account.sync()
      #expect(report.counts.far.delivered > 500)
      account.faults.onStep = nil
    }
  }
}
