import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// What one pass, or one process, left half done when another comes along.
@Suite("What is half done")
struct InterruptedTests {
  private static let archive = FolderName("Archive")

  @Test("whose message cannot be read just now is no new message, also where it has moved on there meanwhile (L3)")
  func unreadableDelivery() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let inbox = try #require(try account.ledger.folders().first { $0.names.far.isInbox })
      let source = Sighting(key: account.far.put(SimulatedMessage("x")), flags: .none)
      let key = account.near.put(SimulatedMessage("x"))
      try account.ledger.commit([
        .addIntent(
          inbox.id,
          IntentDraft(target: .near, source: source, reserved: key, uidNext: nil, identity: nil, date: nil))
      ])
      account.near.unreadable = ["x"]
      _ = try await account.sync()
      account.far.move("x", to: archive)
      account.near.unreadable = []
      for _ in 1...2 { _ = try await account.sync() }
      for store in [account.near, account.far] {
        #expect(store.contents().map(\.text) == ["a", "b", "c"])
        #expect(store.contents(of: archive).map(\.text) == ["x"])
      }
    }
  }

  @Test("as a delivery, and of which somebody wrote over the file before the next run, leaves what they wrote (L1)")
  func deliveredAndWrittenOver() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let inbox = try #require(try account.ledger.folders().first { $0.names.far.isInbox })
      let message = SimulatedMessage("x")
      let source = Sighting(key: account.far.put(message), flags: .none)
      let written = SimulatedMessage("x#written", date: InternalDate(secondsSince1970: 2_000_000))
      let key = account.near.put(written)
      try account.ledger.commit([
        .addIntent(
          inbox.id,
          IntentDraft(target: .near, source: source, reserved: key, uidNext: nil, identity: nil, date: message.date))
      ])
      // And the message is gone from the server by then.
      account.far.remove(source.key)
      for _ in 1...2 { _ = try await account.sync() }
      for store in [account.near, account.far] {
        #expect(store.contents().map(\.text) == ["a", "b", "c", "x#written"])
      }
    }
  }

  @Test("as a delivery into a folder that is renamed before the next run leaves nothing behind (L3)")
  func deliveredAndRenamed() async throws {
    try await Reactor.onShared {
      let (archive, renamed) = (try #require(Self.archive), try #require(FolderName("Archive 2")))
      @Loop func account() async throws -> SimulatedAccount {
        let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
        account.near.put(SimulatedMessage("old"), in: archive)
        try await account.sync()
        account.near.put(SimulatedMessage("new"), in: archive)
        return account
      }
      let trial = try await account()
      try await trial.sync()
      let account = try await account()
      // Stored, and the answer is lost.
      account.faults.deadline = try #require(trial.faults.log.firstIndex(of: "after far store new")) + 1
      await #expect(throws: StoreError.self) { try await account.sync() }
      account.faults.revive()
      account.near.folders[renamed] = account.near.folders.removeValue(forKey: archive)
      #expect(try await account.sync().isClean)
      for store in [account.near, account.far] {
        #expect(store.folders[archive] == nil)
        #expect(store.contents(of: renamed).map(\.text).sorted() == ["new", "old"])
      }
    }
  }

  @Test("is no second message where its folder goes before martlet looks again (L3)", arguments: Side.allCases)
  func broughtIntoVanishedFolder(side: Side) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      @Loop func account() async throws -> (SimulatedAccount, here: SimulatedStore, there: SimulatedStore) {
        let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
        let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
        here.put(SimulatedMessage("x"), in: archive)
        return (account, here, there)
      }
      let (rehearsal, _, _) = try await account()
      try await rehearsal.sync()
      let stored = try #require(rehearsal.faults.log.firstIndex(of: "after \(side == .near ? "far" : "near") store x"))
      let (play, here, there) = try await account()
      play.faults.deadline = stored + 1
      await #expect(throws: StoreError.self) { try await play.sync() }
      play.faults.revive()
      here.put(SimulatedMessage("x"))
      here.folders[archive] = nil
      #expect(try await play.sync().isClean)
      #expect(there.folders[archive] == nil)
      #expect(there.contents().map(\.text) == ["a", "b", "c", "x"])
      #expect(try await !play.sync().didChange)
    }
  }

  /// It was sent to the server, and the answer was lost; another client moved it to a second folder there.
  @Loop
  private static func strayed(from sending: FolderName, to place: FolderName) async throws -> SimulatedAccount {
    let account = try await SimulatedAccount.died(after: { $0 == "after far store x" }) {
      let account = try await SimulatedAccount.filled(folders: [.inbox, sending, place])
      account.near.put(SimulatedMessage("x"), in: sending)
      return account
    }
    account.far.move("x", from: sending, to: place)
    return account
  }

  @Test("as a delivery that was moved there meanwhile is moved here (L3)", arguments: [false, true])
  func strayed(isDeletedMeanwhile: Bool) async throws {
    try await Reactor.onShared {
      let (sending, place) = (try #require(FolderName("Sent")), try #require(Self.archive))
      let account = try await Self.strayed(from: sending, to: place)
      if isDeletedMeanwhile {
        // Moved, and the base does not know it yet.
        account.faults.onStep = {
          if $0.hasPrefix("after near move") { account.faults.deadline = account.faults.steps + 1 }
        }
        await #expect(throws: StoreError.self) { try await account.sync() }
        account.faults.onStep = nil
        account.faults.revive()
        #expect(account.near.contents(of: place).map(\.text) == ["x"])
        account.far.remove(try #require(account.far.key(of: "x", in: place)), in: place)
      }
      let transfers = (account.near.transfers, account.far.transfers)
      for _ in 1...2 { #expect(try await account.sync().isClean) }
      // Read once, to be compared.
      #expect(
        (account.near.transfers, account.far.transfers) == (transfers.0, transfers.1 + (isDeletedMeanwhile ? 0 : 1)))
      for store in [account.near, account.far] {
        #expect(store.contents(of: place).map(\.text) == (isDeletedMeanwhile ? [] : ["x"]))
        #expect(store.contents(of: sending).isEmpty)
      }
      #expect(try await !account.sync().didChange)
    }
  }

  /// The answer was lost, somebody stored the message there once more, and then the server numbered the folder anew.
  @Test("as a move takes no other message like it for the one that was moved (L1)")
  func movedAndLike() async throws {
    try await Reactor.onShared {
      let (origin, place) = (try #require(FolderName("Origin")), try #require(Self.archive))
      let account = try await SimulatedAccount.died(after: { $0.hasPrefix("after far move") }) {
        let account = try await SimulatedAccount.filled(folders: [.inbox, origin, place])
        account.far.put(SimulatedMessage("x"), in: origin)
        try await account.sync()
        account.near.move("x", from: origin, to: place)
        return account
      }
      account.far.put(SimulatedMessage("x"), in: origin)
      account.far.renumber(origin)
      for _ in 1...2 { try await account.sync(PassOptions(allowsDeletions: true)) }
      for store in [account.near, account.far] {
        #expect(store.contents(of: origin).map(\.text) == ["x"])
        #expect(store.contents(of: place).map(\.text) == ["x"])
      }
    }
  }

  /// A copy was tried, and then the message was sent; a person stored another one like it.
  @Test("twice over for one message finds one partner for it, and the other's like is another message (L3)")
  func notedTwice() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let message = SimulatedMessage("x")
      let source = Sighting(key: account.near.put(message), flags: message.flags)
      let folder = try #require(try account.ledger.folders().first)
      let intent = IntentDraft(
        target: .far, source: source, reserved: nil, uidNext: nil, identity: message.identity, date: message.date)
      try account.ledger.commit([.addIntent(folder.id, intent), .addIntent(folder.id, intent)])
      for _ in 1...2 { account.far.put(message) }
      #expect(try await account.sync().isClean)
      for store in [account.near, account.far] {
        #expect(store.contents().map(\.text) == ["a", "b", "c", "x", "x"])
      }
      #expect(try account.ledger.intents(in: folder.id).isEmpty)
      #expect(try await !account.sync().didChange)
    }
  }

  /// A copy of it was on its way when somebody deleted the original on the server.
  @Test("has its own original, and takes no other message like it from where that is deleted (L2)")
  func anotherOriginal() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.far.remove(try #require(account.far.key(of: "a")))
      account.near.put(SimulatedMessage("a"), in: archive)
      account.faults.onStep = { name in
        guard name.hasPrefix("after far"), account.faults.deadline == nil else { return }
        account.faults.deadline = account.faults.steps + 2
      }
      await #expect(throws: StoreError.self) { try await account.sync() }
      account.faults.onStep = nil
      account.faults.revive()
      for _ in 1...2 { try await account.sync() }
      for store in [account.near, account.far] {
        #expect(store.contents().map(\.text) == ["b", "c"])
        #expect(store.contents(of: archive).map(\.text) == ["a"])
      }
    }
  }

  /// It was brought here from the server, where it had been put aside before, and a power cut took what the base knew.
  @Test("is matched with a message of which the server tells only the flags any more (L3)")
  func knownBefore() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let folder = try #require(try account.ledger.folders().first)
      let (message, other) = (SimulatedMessage("x"), SimulatedMessage("y"))
      for store in [account.near, account.far] { store.put(message) }
      account.far.knownTexts = ["x"]
      let source = Sighting(key: account.near.put(other), flags: other.flags)
      try account.ledger.commit([
        .addIntent(
          folder.id,
          IntentDraft(
            target: .far, source: source, reserved: nil, uidNext: nil, identity: other.identity, date: other.date)),
        // Else only what changed would be shown.
        .setCheckpoint(folder.id, .far, nil),
      ])
      #expect(try await account.sync().isClean)
      for store in [account.near, account.far] {
        #expect(store.contents().map(\.text) == ["a", "b", "c", "x", "y"])
      }
    }
  }

  @Test("of a file by a power cut is in no base: it is made durable first (L4)", arguments: [true, false])
  func durability(isOnBothSides: Bool) async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      let key = account.near.put(SimulatedMessage("x"))
      if isOnBothSides { account.far.put(SimulatedMessage("x")) }
      try await account.sync()
      let secured = try #require(account.faults.log.firstIndex(of: "near secure \(key)"))
      // Else a file that is gone after an interruption would look deleted, and its copy would go too (L1).
      if let sent = account.faults.log.firstIndex(of: "before far store x") { #expect(secured < sent) }
      #expect(account.faults.log.contains("after far store x") == !isOnBothSides)
      let folder = try #require(try account.ledger.folders().first)
      #expect(try account.ledger.pairCount(in: folder.id) == 1)
      // A death at that moment leaves a base without the pair.
      let other = SimulatedAccount()
      other.near.put(SimulatedMessage("x"))
      if isOnBothSides { other.far.put(SimulatedMessage("x")) }
      other.faults.deadline = secured + 1
      await #expect(throws: StoreError.self) { try await other.sync() }
      other.faults.revive()
      #expect(try other.ledger.folders().allSatisfy { try other.ledger.pairCount(in: $0.id) == 0 })
    }
  }

  @Test("of a move by a power cut is in no base either (L1, L4)", arguments: [true, false])
  func durableMove(isCopy: Bool) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      if isCopy {
        account.near.put(SimulatedMessage("a"), in: archive)
      } else {
        account.near.move("a", to: archive)
      }
      let key = try #require(account.near.key(of: "a", in: archive))
      try await account.sync()
      #expect(account.near.transfers == 0)
      #expect(account.faults.log.contains("near secure \(key)"))
    }
  }

  @Test("of a mail reader's mark by a power cut is in no base either (L4)", arguments: [true, false])
  func durableFlags(isOnBothSides: Bool) async throws {
    try await Reactor.onShared {
      let account = try await Self.marked(onBothSides: isOnBothSides)
      let before = account.faults.log.count
      try await account.sync()
      let secured = try #require(account.faults.log[before...].firstIndex(of: "near secure names of INBOX"))
      // A death at that moment leaves a base without the mark.
      let other = try await Self.marked(onBothSides: isOnBothSides)
      other.faults.deadline = secured + 1
      await #expect(throws: StoreError.self) { try await other.sync() }
      other.faults.revive()
      let folder = try #require(try other.ledger.folders().first)
      #expect(try other.ledger.pairs(in: folder.id).allSatisfy { !$0[.near].flags.system.contains(.flagged) })
    }
  }

  @Test("of what a mail reader took away by a power cut is not vouched for by the directory's time (L2)")
  func durableRemoval() async throws {
    try await Reactor.onShared {
      @Loop func account() async throws -> SimulatedAccount {
        let account = try await SimulatedAccount.filled()
        account.near.remove(try #require(account.near.key(of: "a")))
        return account
      }
      let rehearsal = try await account()
      try await rehearsal.sync()
      let secured = try #require(rehearsal.faults.log.lastIndex(of: "near secure names of INBOX"))
      let vouching = try #require(try rehearsal.ledger.folders().first?.checkpoints.near)
      let play = try await account()
      play.faults.deadline = secured + 1
      await #expect(throws: StoreError.self) { try await play.sync() }
      play.faults.revive()
      #expect(try play.ledger.folders().first?.checkpoints.near != vouching)
    }
  }

  @Test("of what a mail reader took away before it could be sent leaves nothing that is seen by nobody (L2)")
  func removedWhileSetAside() async throws {
    try await Reactor.onShared {
      @Loop func account() async throws -> (SimulatedAccount, before: SimulatedStore.Folder) {
        let account = try await SimulatedAccount.filled()
        account.far.refused = ["bad"]
        let key = account.near.put(SimulatedMessage("bad"))
        try await account.sync()
        let before = try #require(account.near.folders[.inbox])
        account.near.remove(key)
        return (account, before)
      }
      let (rehearsal, _) = try await account()
      try await rehearsal.sync()
      let secured = try #require(rehearsal.faults.log.lastIndex(of: "near secure names of INBOX"))
      let (play, before) = try await account()
      play.faults.deadline = secured + 1
      await #expect(throws: StoreError.self) { try await play.sync() }
      play.faults.revive()
      // The power cut takes the removal, and with it the directory's time.
      play.near.folders[.inbox] = before
      play.far.refused = []
      #expect(try await play.sync().isClean)
      for store in [play.near, play.far] { #expect(store.contents().map(\.text) == ["a", "b", "bad", "c"]) }
    }
  }

  @Loop
  private static func marked(onBothSides: Bool) async throws -> SimulatedAccount {
    let account = try await SimulatedAccount.filled()
    account.near.setFlags(FlagSet(.flagged), of: try #require(account.near.key(of: "a")))
    if onBothSides { account.far.setFlags(FlagSet(.flagged), of: try #require(account.far.key(of: "a"))) }
    return account
  }

  @Test("is nothing to copy from where a listing leaves a mailbox out that was made anew under its name (L4, L8)")
  func copiedFromUnlisted() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.far.put(SimulatedMessage("x"), in: archive)
      try await account.sync()
      account.near.put(SimulatedMessage("x"))
      // Another mailbox, in which the number means another message; and a listing of none at all.
      account.far.folders[archive] = SimulatedStore.Folder()
      account.far.folders[archive]?.validity = UIDValidity(rawValue: 2)
      account.far.put(SimulatedMessage("other"), in: archive)
      account.far.listsNothing = true
      let context = account.context()
      try await context.open()
      _ = try await FolderDiscovery(context: context, options: PassOptions()).run()
      let inbox = try #require(context.folders[.near, .inbox])
      let request = PassRunner.Request(folder: inbox, scopes: Sides(near: .wide(since: nil), far: .wide(since: nil)))
      _ = try await PassRunner(context: context, options: PassOptions(), listing: nil).run([request])
      #expect(account.far.contents().map(\.text) == ["a", "b", "c", "x"])
    }
  }
}
