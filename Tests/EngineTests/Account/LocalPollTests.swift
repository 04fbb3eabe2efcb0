import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@Suite("A folder that cannot be watched here", .timeLimit(.minutes(1)))
struct LocalPollTests {
  @Test("says why a folder is polled that could be watched, and watches it once it can be")
  func unwatched() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.near.watchFailures = [.inbox: "the kernel's limit is reached"]
      try await whileRunning(account) { runner in
        let told = AccountEvent.unwatched(.near, folders: 1, reason: "the kernel's limit is reached")
        #expect(account.recorder.events.contains(told))
        #expect(runner.snapshot().folders.map(\.watchFailures.near) == ["the kernel's limit is reached"])
        let watched = AccountEvent.watching([.inbox: Sides(near: .inotify, far: .idle)])
        #expect(!account.recorder.events.contains(watched))
        account.near.watchFailures = [:]
        _ = try await runner.fullPass(PassOptions(), names: nil)
        #expect(account.recorder.events.contains(watched))
      }
    }
  }

  @Test("looks at what cannot be watched here and asks the server nothing for it, and tries to watch it again")
  func polledHere() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.near.watchFailures = [.inbox: "the kernel's limit is reached"]
      try await whileRunning(account) { runner in
        _ = try await runner.fullPass(PassOptions(), names: nil)
        let before = account.faults.log.count
        @Loop func passTime() async {
          for _ in 0..<70 {
            account.clock.advance(by: .seconds(1))
            for _ in 0..<20 { await Task.yield() }
          }
        }
        await passTime()
        let steps = account.faults.log.dropFirst(before)
        let polls = steps.count { $0 == "\(account.near.title) look INBOX" }
        #expect(polls > 10)
        // What all folders' own pass, every quarter of an hour, asks the server.
        #expect(steps.count { $0.contains(account.far.title) } * 10 < polls)
        account.near.watchFailures = [:]
        await passTime()
        let watched = AccountEvent.watching([.inbox: Sides(near: .inotify, far: .idle)])
        #expect(account.recorder.events.contains(watched))
      }
    }
  }
}
