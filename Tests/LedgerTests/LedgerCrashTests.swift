import Foundation
import LedgerSQLite
import Mail
import Ports
import Reactor
import Reconciliation
import Support
import Testing

/// A copy of the files as they lie is what a process killed at that moment leaves; a log cut short is what a power cut
/// leaves of commits without a barrier.
@Suite("A ledger after a crash (L4, L5)")
struct LedgerCrashTests {
  /// The suite holds it, so that it is there until the test has ended.
  private let scratch: TemporaryDirectory

  init() throws { scratch = try TemporaryDirectory("ledger") }

  private struct Recording: Sendable {
    /// The files after each commit, and what they must tell.
    var images: [[String: Data]] = []
    var models: [LedgerModel] = []
  }

  @Test("a process killed between commits loses nothing that returned", arguments: [3, 4, 5] as [UInt64])
  func killedProcess(seed: UInt64) async throws {
    let recording = try await Reactor.onShared { try Self.record(seed: seed, scratch) }
    for (index, image) in recording.images.enumerated() {
      let directory = try scratch.folder("after-\(index)", holding: image)
      let found = try await Reactor.onShared { try Self.readAndClose(directory) }
      #expect(found == recording.models[index], "seed \(seed), commit \(index)")
    }
  }

  @Test(
    "a log cut at any length tells a state between two commits, never a part of one", arguments: [6, 7] as [UInt64])
  func tornLog(seed: UInt64) async throws {
    let recording = try await Reactor.onShared { try Self.record(seed: seed, scratch) }
    let whole = try #require(recording.images.last)
    let logName = SQLiteLedger.fileName + "-wal"
    let log = try #require(whole[logName])
    var reached: Set<Int> = []
    for length in stride(from: 0, through: log.count, by: 3001) {
      var image = whole
      image[logName] = log.prefix(length)
      image[SQLiteLedger.fileName + "-shm"] = nil
      let directory = try scratch.folder("cut-\(length)", holding: image)
      let found = try await Reactor.onShared { try Self.readAndClose(directory) }
      let state = recording.models.lastIndex(of: found)
      #expect(state != nil || found == LedgerModel(), "seed \(seed), log cut at \(length) of \(log.count)")
      reached.insert(state ?? -1)
    }
    #expect(reached.count > recording.models.count / 2, "the cuts fall between many commits")
  }

  @Loop
  private static func record(seed: UInt64, _ scratch: TemporaryDirectory) throws -> Recording {
    let directory = scratch.path + "/account"
    // Closing empties the log, so that the schema is in the file and the log holds the commits alone.
    try SQLiteLedger(directory: directory).close()
    let ledger = try SQLiteLedger(directory: directory)
    var script = LedgerScript(seed: seed)
    var model = LedgerModel()
    var recording = Recording()
    model.folders = [try ledger.addFolder(Sides(near: .inbox, far: .inbox))]
    for _ in 0..<25 {
      let batch = script.batch(model)
      do {
        try model.commit(batch)
      } catch is LedgerModel.Refusal {
        continue
      }
      try ledger.commit(batch)
      recording.images.append(try scratch.files(in: directory))
      recording.models.append(model)
    }
    ledger.close()
    return recording
  }

  @Loop
  private static func readAndClose(_ directory: String) throws -> LedgerModel {
    let ledger = try SQLiteLedger(directory: directory)
    defer { ledger.close() }
    return try LedgerModel(reading: ledger, facts: [])
  }
}
