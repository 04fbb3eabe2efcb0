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
}
