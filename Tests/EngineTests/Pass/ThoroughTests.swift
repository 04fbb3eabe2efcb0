import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// A dry run that takes nothing for granted, as `doctor` makes it.
@Suite("A thorough dry run")
struct ThoroughTests {
  private static let thorough = PassOptions(isDryRun: true, isThorough: true)

  @Test("has nothing to tell of an account in sync, and changes nothing")
  func inSync() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled(["a", "b"])
      let before = (account.near.folders, account.far.folders)
      let report = try await account.sync(Self.thorough)
      #expect(report.plan.isEmpty)
      #expect(report.planned.isEmpty)
      #expect((account.near.folders, account.far.folders) == before)
    }
  }

  @Test("tells what is gone, new and marked otherwise, by folder and side")
  func differences() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled(["a", "b", "c"])
      account.near.remove(try #require(account.near.key(of: "a")))
      account.far.put(SimulatedMessage("new"))
      account.far.setFlags(FlagSet(.seen), of: try #require(account.far.key(of: "b")))
      let report = try await account.sync(Self.thorough)
      #expect(
        Set(report.planned) == [
          PlannedWork(folder: .inbox, side: .near, kind: .copy, count: 1),
          PlannedWork(folder: .inbox, side: .near, kind: .flag, count: 1),
          PlannedWork(folder: .inbox, side: .far, kind: .delete, count: 1),
        ])
    }
  }

  @Test("sees a pair that the base lost, and tells that nothing is transferred for it (L3)")
  func lostPair() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled(["a", "b"])
      let folder = try #require(try account.ledger.folders().first)
      let pair = try #require(try account.ledger.pairs(in: folder.id).first)
      try account.ledger.commit([.removePair(pair.id)])
      let report = try await account.sync(Self.thorough)
      #expect(report.planned == [PlannedWork(folder: .inbox, side: .near, kind: .match, count: 1)])
      #expect(
        report.plan == ["match local INBOX \(pair[.near].key) with remote INBOX \(pair[.far].key)"])
      #expect(try account.ledger.pairs(in: folder.id).count == 1)
    }
  }

  @Test("tells of a folder that is missing on one side, and of one whose numbers changed (L8)")
  func folders() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled(["a"])
      let work = try #require(FolderName("Work"))
      account.far.folders[work] = SimulatedStore.Folder()
      account.far.renumber(.inbox)
      let report = try await account.sync(Self.thorough)
      #expect(
        Set(report.planned) == [
          PlannedWork(folder: work, side: .near, kind: .create, count: 1),
          PlannedWork(folder: .inbox, side: .far, kind: .renumber, count: 0),
        ])
    }
  }
}
