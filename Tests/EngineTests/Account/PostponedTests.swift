import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// What a pass that an event asked for leaves to a later one.
@Suite("What an event's pass leaves undone", .timeLimit(.minutes(1)))
struct PostponedTests {
  /// "a" was deleted on the server, and while that is carried out its file gets another name, as another pass finds out.
  @Loop
  private static func renameMeanwhile(_ account: SimulatedAccount) throws {
    let inbox = try #require(try account.ledger.folders().first)
    let identity = SimulatedMessage("a").identity
    let record = try #require(try account.ledger.records(in: inbox.id).first { $0.identity == identity })
    let key = MessageKey.file("renamed-\(record.pair[.near].key)")
    let message = account.near.folders[.inbox]?.messages.removeValue(forKey: record.pair[.near].key)
    account.near.folders[.inbox]?.messages[key] = message
    try account.ledger.commit([
      .relocate(record.pair.id, to: inbox.id, near: Sighting(key: key, flags: .none), far: record.pair[.far])
    ])
  }

  @Test("is done in seconds, although nothing more happens (L2)")
  func renamed() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      try await whileRunning(account) { _ in
        // Between the two halves of the pass.
        account.faults.onStep = { name in
          guard name.hasPrefix("before near flag") else { return }
          account.faults.onStep = nil
          do { try Self.renameMeanwhile(account) } catch { Issue.record(error) }
        }
        account.far.setFlags(FlagSet(.flagged), of: try #require(account.far.key(of: "b")))
        account.far.remove(try #require(account.far.key(of: "a")))
        for _ in 0..<400 where account.near.contents().count > 2 {
          account.clock.advance(by: .milliseconds(25))
          for _ in 0..<20 { await Task.yield() }
        }
        #expect(account.near.contents().map(\.text) == ["b", "c"])
      }
    }
  }

  @Test("goes round ever more seldom where each pass leaves it to the next")
  func always() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let context = account.context()
      let runner = AccountRunner(context: context)
      let life = Loop.task { await runner.run() }
      await account.recorder.wait { account.recorder.events.contains(.phaseChanged(.watching)) }
      var looks: [LoopInstant] = []
      account.faults.onStep = { name in
        guard name == "far look INBOX" else { return }
        looks.append(account.clock.now)
        for folder in context.folders.all { _ = folder.lose(.near) }
      }
      account.far.put(SimulatedMessage("new"))
      for _ in 0..<20_000 where looks.count < 8 { await Task.yield() }
      life.cancel()
      await life.value
      let rests = zip(looks, looks.dropFirst()).map { $0.duration(to: $1) }
      #expect(rests.last ?? .zero > .seconds(30), "\(rests)")
    }
  }

  /// As with a server that tells news of each mailbox that is opened.
  @Test("is found ever more seldom where each look into a folder that one side has no more is followed by news of it")
  func loneNews() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.far.put(SimulatedMessage("held"), in: archive)
      try await account.sync()
      let runner = AccountRunner(context: account.context())
      let life = Loop.task { await runner.run() }
      await account.recorder.wait { account.recorder.events.contains(.phaseChanged(.watching)) }
      account.near.folders[archive] = nil
      account.near.noticeFolders()
      await account.recorder.wait { runner.snapshot().folders.contains { !$0.held.isEmpty } }
      var listings: [LoopInstant] = []
      account.faults.onStep = { if $0 == "far list" { listings.append(account.clock.now) } }
      for number in 1...8 {
        account.far.put(SimulatedMessage("\(number)"), in: archive)
        for _ in 0..<5000 where listings.count < number { await Task.yield() }
      }
      life.cancel()
      await life.value
      let rests = zip(listings, listings.dropFirst()).map { $0.duration(to: $1) }
      #expect(rests.last ?? .zero > .seconds(30), "\(rests)")
    }
  }
}
