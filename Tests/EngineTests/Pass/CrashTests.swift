import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

/// Law L5: after the process dies at any step, a restart reaches the state of the run that did not die.
@Suite("A crash")
struct CrashTests {
  /// What happened since the last pass; each is played with a death at every step.
  enum Scenario: String, CaseIterable, CustomTestStringConvertible {
    case firstSync, newOnBothSides, flagsOnBothSides, deletions, moveNear, moveFar, copyMarkedAnew, moveMarkedAnew,
      newFolder, goneFolder, lostLedger, newValidity

    var testDescription: String { rawValue }
  }

  @Test("at any step loses nothing, doubles nothing, and is made good by a restart", arguments: Scenario.allCases)
  func everyStep(scenario: Scenario) async throws {
    try await Reactor.onShared {
      let expected = try await Self.world(scenario)
      try await expected.sync()
      let (steps, near, far) = (expected.faults.steps, expected.near.visible, expected.far.visible)
      let first = try await Self.world(scenario).faults.steps
      for step in (first + 1)...steps {
        let account = try await Self.world(scenario)
        account.faults.deadline = step
        await #expect(throws: StoreError.self) { try await account.sync() }
        account.faults.revive()
        try await account.sync()
        try await account.sync()
        #expect(account.near.visible == near, "died at step \(step), \(account.faults.log[step - 1])")
        #expect(account.far.visible == far, "died at step \(step), \(account.faults.log[step - 1])")
        #expect(try await !account.sync().didChange, "died at step \(step)")
      }
    }
  }

  @Test("while a message is moved, which a person then moves back: it is there once (L3)")
  func movedBack() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let trial = try await Self.world(.moveNear)
      let first = trial.faults.steps
      try await trial.sync()
      for step in (first + 1)...trial.faults.steps {
        let account = try await Self.world(.moveNear)
        account.faults.deadline = step
        await #expect(throws: StoreError.self) { try await account.sync() }
        account.faults.revive()
        let key = try #require(account.near.key(of: "a", in: archive))
        let message = try #require(account.near.folders[archive]?.messages[key])
        account.near.remove(key, in: archive)
        account.near.put(message)
        try await account.sync()
        try await account.sync()
        for store in [account.near, account.far] {
          #expect(store.contents().map(\.text) == ["a", "b", "c"], "died at step \(step)")
          #expect(store.contents(of: archive).isEmpty, "died at step \(step)")
        }
      }
    }
  }

  @Test("before the server has stored what was sent: it is not sent once more (L3)")
  func lateArrival() async throws {
    try await Reactor.onShared {
      let trial = SimulatedAccount()
      trial.near.put(SimulatedMessage("x"))
      try await trial.sync()
      let account = SimulatedAccount()
      account.near.put(SimulatedMessage("x"))
      account.faults.deadline = try #require(trial.faults.log.firstIndex(of: "before far store x")) + 1
      await #expect(throws: StoreError.self) { try await account.sync() }
      account.faults.revive()
      // The server is busy, and gets to it a second later.
      let due = account.clock.now.advanced(by: .seconds(1))
      let server = Loop.task {
        for _ in 0..<10_000 where account.clock.now < due { await Task.yield() }
        account.far.put(SimulatedMessage("x"))
      }
      try await account.sync()
      await server.value
      try await account.sync()
      #expect(account.far.contents().count == 1)
      #expect(account.near.contents().count == 1)
    }
  }

  @Test("before a server that then shows next to nothing: what may be hidden there is not sent once more (L3)")
  func hiddenArrival() async throws {
    try await Reactor.onShared {
      let texts = (1...30).map { "\($0)" }
      let trial = try await SimulatedAccount.filled(texts)
      trial.near.put(SimulatedMessage("x"))
      try await trial.sync()
      let account = try await SimulatedAccount.filled(texts)
      account.far.hasModSeq = false
      account.near.put(SimulatedMessage("x"))
      account.faults.deadline = try #require(trial.faults.log.firstIndex(of: "after far store x")) + 1
      await #expect(throws: StoreError.self) { try await account.sync() }
      account.faults.revive()
      let shown = account.far.folders[.inbox]?.messages
      account.far.folders[.inbox]?.messages = [:]
      #expect(try await !account.sync().held.isEmpty)
      account.far.folders[.inbox]?.messages = try #require(shown)
      try await account.sync()
      #expect(account.far.contents().map(\.text) == account.near.contents().map(\.text))
      #expect(account.far.contents().count == 31)
    }
  }

  @Loop
  private static func world(_ scenario: Scenario) async throws -> SimulatedAccount {
    let archive = try #require(FolderName("Archive"))
    if scenario == .firstSync {
      let account = SimulatedAccount()
      for text in ["a", "b", "c"] { account.far.put(SimulatedMessage(text)) }
      for text in ["x", "y"] { account.near.put(SimulatedMessage(text)) }
      return account
    }
    let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
    let (near, far) = (account.near, account.far)
    switch scenario {
    case .firstSync: break
    case .newOnBothSides:
      for text in ["d", "e"] { far.put(SimulatedMessage(text)) }
      for text in ["x", "y"] { near.put(SimulatedMessage(text, flags: FlagSet([.seen]))) }
    case .flagsOnBothSides:
      near.setFlags(FlagSet([.seen]), of: try #require(near.key(of: "a")))
      far.setFlags(FlagSet([.flagged]), of: try #require(far.key(of: "a")))
      far.setFlags(FlagSet([.answered]), of: try #require(far.key(of: "b")))
    case .deletions:
      near.remove(try #require(near.key(of: "a")))
      far.remove(try #require(far.key(of: "b")))
    case .moveNear: near.move("a", to: archive)
    case .moveFar: far.move("a", to: archive)
    case .copyMarkedAnew: near.put(SimulatedMessage("a", flags: FlagSet(.flagged)), in: archive)
    case .moveMarkedAnew:
      near.remove(try #require(near.key(of: "a")))
      near.put(SimulatedMessage("a", flags: FlagSet(.flagged)), in: archive)
    case .newFolder:
      let lists = try #require(FolderName("Lists"))
      far.folders[lists] = SimulatedStore.Folder()
      far.put(SimulatedMessage("l"), in: lists)
    case .goneFolder:
      // Each message is in INBOX, too: nothing is lost with the folder.
      for text in ["a", "b", "c"] { far.put(SimulatedMessage(text), in: archive) }
      try await account.sync()
      near.folders[archive] = nil
    case .lostLedger: account.loseLedger()
    case .newValidity: far.renumber(.inbox)
    }
    return account
  }
}

extension SimulatedStore {
  /// A person's move: gone here, there again under another name.
  func move(_ text: String, from origin: FolderName = .inbox, to folder: FolderName) {
    guard let key = key(of: text, in: origin), let message = folders[origin]?.messages[key] else { return }
    put(message, in: folder)
    remove(key, in: origin)
  }

  /// Folder by folder what a person sees.
  var visible: [FolderName: [SimulatedMessage]] {
    Dictionary(uniqueKeysWithValues: folders.keys.map { ($0, contents(of: $0)) })
  }
}
