import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// For whoever asks while no martlet runs.
@Suite("What the ledger says of the brake")
struct HeldMemoryTests {
  @Test("is what it holds, in a folder, in a whole one and for the account's sake, and nothing once it is over (L9)")
  func held() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled((1...30).map { "\($0)" }, folders: [.inbox, archive])
      account.far.put(SimulatedMessage("x"), in: archive)
      try await account.sync()
      @Loop func told() throws -> [PassReport.Held] {
        try account.ledger.folders().flatMap { try HeldMemory.held(in: $0, account.ledger) }
      }
      #expect(try told().isEmpty)
      let before = account.near.folders
      account.near.empty(.inbox)
      account.near.folders[archive] = nil
      let report = try await account.sync()
      #expect(report.held.count == 2)
      #expect(try Set(told()) == Set(report.held))
      account.near.folders = before
      try await account.sync()
      #expect(try told().isEmpty)
    }
  }

  @Test("is read as it was written")
  func account() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let context = account.context()
      try await context.open()
      let row = try #require(try account.ledger.folders().first)
      let folder = SyncedFolder(row)
      folder.held = [
        PassReport.Held(
          folder: .inbox, side: .far, deletions: 21, total: 22, deleted: 3,
          account: AccountBrake.Hold(deletions: 40, total: 41, deleted: 2)),
        PassReport.Held(folder: .inbox, side: .near, deletions: 1, total: 2, wholeFolder: true),
      ]
      try HeldMemory.note(folder, in: context)
      #expect(try HeldMemory.held(in: row, account.ledger) == folder.held)
      // Over, while the same martlet runs.
      folder.held = []
      try HeldMemory.note(folder, in: context)
      #expect(try HeldMemory.held(in: row, account.ledger).isEmpty)
      for text in ["", "far", "far 1 2 3", "far 1 2 3 0 5", "elsewhere 1 2 3 0", "far 1 2 3 x"] {
        try account.ledger.setFact("held in folder \(row.id.rawValue)", to: text)
        #expect(try HeldMemory.held(in: row, account.ledger).isEmpty)
      }
    }
  }
}
