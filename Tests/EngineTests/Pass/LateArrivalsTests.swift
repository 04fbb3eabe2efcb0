import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

/// What was sent and not answered, before a server that may still be storing it.
@Suite("A broken upload")
struct LateArrivalsTests {
  /// What the server makes of what was sent: nothing, or it is stored already, or it will be while martlet waits.
  enum Fate: CaseIterable { case lost, stored, late }

  @Test(
    "is waited for once, and not at all where it is there, however much others bring (L3)", arguments: Fate.allCases)
  func busyFolder(fate: Fate) async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let (near, far) = (account.near, account.far)
      let message = SimulatedMessage("x")
      let source = Sighting(key: near.put(message), flags: message.flags)
      let folder = try #require(try account.ledger.folders().first)
      let next = try #require(far.folders[.inbox]?.nextNumber)
      try account.ledger.commit([
        .addIntent(
          folder.id,
          IntentDraft(
            target: .far, source: source, reserved: nil, uidNext: UID(rawValue: next), identity: message.identity,
            date: message.date))
      ])
      if fate == .stored { far.put(message) }
      var looks = 0
      account.faults.onStep = { name in
        guard name == "far look INBOX" else { return }
        looks += 1
        if looks <= 10 { far.put(SimulatedMessage("other \(looks)")) }
        if fate == .late, looks == 2 { far.put(message) }
      }
      let start = account.clock.now
      #expect(try await account.sync().isClean)
      account.faults.onStep = nil
      #expect(start.duration(to: account.clock.now) == (fate == .stored ? .zero : .seconds(3)))
      try await account.sync()
      for store in [near, far] { #expect(store.contents().count { $0.text == "x" } == 1) }
      #expect(near.contents().count == far.contents().count)
      #expect(try account.ledger.intents(in: folder.id).isEmpty)
    }
  }

  @Test("is waited for as long as more of it comes (L3)")
  func slowServer() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let (near, far) = (account.near, account.far)
      let messages = (1...4).map { SimulatedMessage("x\($0)") }
      let folder = try #require(try account.ledger.folders().first)
      let next = try #require(far.folders[.inbox]?.nextNumber)
      try account.ledger.commit(
        messages.map { message in
          .addIntent(
            folder.id,
            IntentDraft(
              target: .far, source: Sighting(key: near.put(message), flags: message.flags), reserved: nil,
              uidNext: UID(rawValue: next), identity: message.identity, date: message.date))
        })
      var late = messages[...]
      account.faults.onStep = { name in
        if name == "far look INBOX", let message = late.popFirst() { far.put(message) }
      }
      #expect(try await account.sync().isClean)
      #expect(late.isEmpty)
      for store in [near, far] {
        #expect(store.contents().map(\.text) == ["a", "b", "c", "x1", "x2", "x3", "x4"])
      }
      #expect(try await !account.sync().didChange)
    }
  }
}
