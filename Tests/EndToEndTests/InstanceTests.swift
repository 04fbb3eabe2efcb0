import Control
import Foundation
import Mail
import Support
import Testing

/// Several martlets at once: one account is one process's, and nothing is done twice.
@Suite("Several at once", .notAllAtOnce)
struct InstanceTests {
  @Test("of two daemons started together one runs and the other ends with 75")
  func daemons() async throws {
    try await DovecotServer.running { server in
      let both = try await account(server)
      let daemons = try (both.installation.launch("-v"), both.installation.launch("-v"))
      let endings = try await Self.firstEnding(of: daemons)
      #expect(endings.ended == .exited(75), "\(endings.said)")
      #expect(endings.said.contains("another martlet"), "\(endings.said)")
      try await both.append(3)
      try await both.deliver(3)
      try await both.settle()
      for daemon in [daemons.0, daemons.1] { await daemon.stop() }
    }
  }

  /// One of them ends by itself.
  private static func firstEnding(
    of daemons: (ChildProcess, ChildProcess)
  ) async throws -> (ended: ChildProcess.Ending, said: String) {
    try await withThrowingTaskGroup(of: (ChildProcess.Ending, String)?.self) { group in
      for daemon in [daemons.0, daemons.1] {
        group.addTask {
          // The one that holds the account says so by watching it.
          do {
            _ = try await daemon.line(of: .errors) { $0.contains("watching ") }
            return nil
          } catch {
            return (try await daemon.wait(), daemon.standardErrors)
          }
        }
      }
      for try await result in group {
        if let result { return result }
      }
      throw SupportError("both run")
    }
  }

  @Test("syncs side by side, without a daemon, bring each message over once; who finds it held ends with 75 (L3)")
  func syncs() async throws {
    try await DovecotServer.running { server in
      let both = try await account(server)
      try await both.append(200)
      try await both.deliver(100)
      let outcomes = try await withThrowingTaskGroup(of: SyncOutcome.self) { group in
        for _ in 1...4 { group.addTask { try await both.installation.sync() } }
        var outcomes: [SyncOutcome] = []
        for try await outcome in group { outcomes.append(outcome) }
        return outcomes
      }
      #expect(outcomes.allSatisfy { [0, 75].contains($0.exitCode) }, "\(outcomes)")
      #expect(outcomes.contains { $0.exitCode == 0 })
      #expect(try await both.differences() == [])
      #expect(try await both.installation.syncCleanly().isEmpty)
    }
  }

  @Test("syncs side by side, beside a daemon, are all done by it, and each tells the truth (L3)")
  func syncsByDaemon() async throws {
    try await DovecotServer.running { server in
      let both = try await account(server)
      let daemon = try await both.installation.start("-v")
      try await both.append(100)
      try await both.deliver(50)
      do {
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 1...4 { group.addTask { try await both.installation.syncCleanly() } }
          try await group.waitForAll()
        }
      } catch {
        throw SupportError("\(error)\nmartlet said:\n\(daemon.standardErrors)\nThe server said:\n\(server.log)")
      }
      // What sync said is in sync is in sync when it has said so.
      #expect(try await both.differences() == [])
      #expect(await daemon.stop() == .exited(0))
    }
  }

  @Test("a sync that its daemon dies under says so, and the next one does the work (L5)")
  func daemonDies() async throws {
    try await DovecotServer.running { server in
      let both = try await account(server)
      let daemon = try await both.installation.start()
      daemon.pause()
      let sync = try ChildProcess(both.installation.command(["sync"]), environment: both.installation.environment)
      try await both.append(20)
      daemon.signal(SIGKILL)
      let ending = try await sync.wait()
      let isInSync = try await both.differences().isEmpty
      #expect(ending != .exited(0) || isInSync, "\(sync.standardErrors)")
      try await both.installation.syncCleanly()
      #expect(try await both.differences() == [])
    }
  }

  @Test("another state directory is another martlet: the Maildir is held too, 75, and nothing is doubled (L3)")
  func anotherState() async throws {
    try await DovecotServer.running { server in
      let both = try await account(server)
      let daemon = try await both.installation.start()
      let other = both.installation.command(["sync"]).map {
        $0 == both.installation.stateDirectory ? both.installation.folder.appending("other") : $0
      }
      let outcome = try await ChildProcess.run(other, environment: both.installation.environment)
      #expect(outcome.ending == .exited(75), "\(outcome.errors)")
      #expect(outcome.errors.contains("another martlet"), "\(outcome.errors)")
      try await both.append(20)
      try await both.settle()
      await daemon.stop()
      // Let go of, it is anybody's.
      let free = try await ChildProcess.run(other, environment: both.installation.environment)
      #expect(free.ending == .exited(0), "\(free.errors)")
      #expect(try await both.differences() == [])
    }
  }

  private func account(_ server: DovecotServer) async throws -> BothSides {
    let both = BothSides(try Installation(.plain(server, user: "a")), try await server.client("a"))
    try await both.append(10)
    try await both.installation.syncCleanly()
    return both
  }
}
