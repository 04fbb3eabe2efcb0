import Engine
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

/// When the next session is tried, and what is told of it.
@Suite("An account whose server goes away", .timeLimit(.minutes(1)))
struct ReconnectTests {
  @Test("tries at once after a session that watched for some seconds, however long the server was away before")
  func watchedBefore() async throws {
    try await play { world in
      for round in 1...3 {
        world.account.clock.advance(by: .seconds(3))
        let waits = await world.endSession("\(round)", tries: 6)
        #expect(waits.first == .zero)
        #expect(waits.last ?? .zero > .seconds(8), "\(waits)")
        await world.comeBack()
        #expect(world.problems == round)
        #expect(world.recoveries == round)
      }
    }
  }

  @Test("asks a server ever more seldom that ends each session soon, and calls it in service no sooner")
  func endsSoon() async throws {
    try await play { world in
      var waits: [Duration] = []
      for round in 1...6 {
        waits += await world.endSession("\(round)", tries: 1)
        await world.comeBack()
      }
      #expect(waits.first == .zero)
      #expect(waits == waits.sorted() && waits.last ?? .zero > .seconds(8), "\(waits)")
      #expect(world.recoveries == 0)
    }
  }

  @Test("does not count against a session that ended soon how long the server was away before it")
  func endedSoonOnce() async throws {
    try await play { world in
      world.account.clock.advance(by: .seconds(3))
      _ = await world.endSession("long away", tries: 8)
      await world.comeBack()
      #expect(await world.endSession("soon", tries: 1) == [.zero])
      await world.comeBack()
    }
  }

  @Test("says nothing of a problem where a connection ends and the next one is made at once")
  func everydayEnd() async throws {
    try await play { world in
      world.account.clock.advance(by: .seconds(60))
      _ = await world.endSession("ended", tries: 1)
      await world.comeBack()
      #expect(world.problems == 0)
      #expect(world.recoveries == 0)
    }
  }

  /// Each session goes on where the last one ended.
  @Test("tries at once after a session that brought messages for some seconds, though it was never in sync")
  func longFirstSync() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      for number in 1...250 { account.near.put(SimulatedMessage("\(number)")) }
      var (sessions, stored) = (0, 0)
      account.faults.onStep = { name in
        if name == "near open" {
          sessions += 1
          account.faults.revive()
        }
        guard name.hasPrefix("after far store") else { return }
        account.clock.advance(by: .seconds(1))
        stored += 1
        if stored.isMultiple(of: 110) { account.faults.deadline = account.faults.steps + 1 }
      }
      let runner = AccountRunner(context: account.context())
      let life = Loop.task { await runner.run() }
      await account.recorder.wait { account.recorder.events.last == .phaseChanged(.watching) }
      life.cancel()
      await life.value
      let waits = account.recorder.events.compactMap { event -> Duration? in
        if case .phaseChanged(.waiting(_, _, let wait)) = event { wait } else { nil }
      }
      #expect(sessions > 2)
      #expect(waits.allSatisfy { $0 == .zero }, "\(waits)")
    }
  }

  /// Runs an account, in sync and watched, until the body is done.
  private func play(_ body: @escaping @Loop @Sendable (World) async throws -> Void) async throws {
    try await Reactor.onShared {
      let world = World(account: try await SimulatedAccount.filled())
      let runner = AccountRunner(context: world.account.context())
      let life = Loop.task { await runner.run() }
      await world.comeBack()
      let result: Result<Void, any Error>
      do { result = .success(try await body(world)) } catch { result = .failure(error) }
      life.cancel()
      await life.value
      try result.get()
    }
  }

  @Loop
  private struct World {
    let account: SimulatedAccount

    private var events: [AccountEvent] { account.recorder.events }
    var problems: Int { events.count { if case .problem = $0 { true } else { false } } }
    var recoveries: Int { events.count { $0 == .recovered(nil) } }

    /// The server goes away when it next tells of something, and stays away for so many tries. The waits before these.
    func endSession(_ text: String, tries: Int) async -> [Duration] {
      let known = events.count
      let waits = { @Loop in
        account.recorder.events.dropFirst(known).compactMap { event -> Duration? in
          if case .phaseChanged(.waiting(_, _, let wait)) = event { wait } else { nil }
        }
      }
      account.faults.deadline = account.faults.steps + 1
      account.far.put(SimulatedMessage(text))
      await account.recorder.wait { waits().count >= tries }
      return waits()
    }

    func comeBack() async {
      account.faults.revive()
      await account.recorder.wait { account.recorder.events.last == .phaseChanged(.watching) }
    }
  }
}
