import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// What must not be lost between one look and the next: evidence that was held, or belongs to another numbering.
@Suite("Evidence")
struct EvidenceTests {
  private static let archive = FolderName("Archive")

  @Test("that the brake holds is still there after a narrow pass over the same folder (L2, L9)")
  func heldBehindNarrow() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled((1...30).map { "m\($0)" })
      for number in 1...25 { account.far.remove(try #require(account.far.key(of: "m\(number)"))) }
      let context = account.context()
      try await context.open()
      let full = try await FullPass(context: context, options: PassOptions(), names: nil).run()
      #expect(full.report.held.count == 1)
      account.far.put(SimulatedMessage("new"))
      let inbox = try #require(context.folders.all.first)
      // A server without complete pushes answers a narrow look with a wide one, from where the store stands.
      let checkpoint = try #require(try await account.far.look(at: .inbox, .wide(since: nil)).checkpoint)
      let before = inbox.checkpoints.far
      let request = PassRunner.Request(folder: inbox, scopes: Sides(near: nil, far: .pending))
      _ = try await PassRunner(context: context, options: PassOptions(), listing: context.folderChanges).run([request])
      #expect(inbox.checkpoints.far == before)
      #expect(inbox.checkpoints.far != checkpoint)
      #expect(try await account.sync().held.count == 1, "it stays held")
      try await account.sync(PassOptions(allowsDeletions: true))
      #expect(account.near.contents() == account.far.contents())
    }
  }

  @Test("that the brake held is let go with the event that tells that the messages are back (L9)")
  func heldAndBack() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled((1...30).map { "m\($0)" })
      let taken = try (1...25).map { try #require(account.near.key(of: "m\($0)")) }
      let folder = account.near.folders[.inbox]
      for key in taken { account.near.remove(key) }
      let context = account.context()
      try await context.open()
      let full = try await FullPass(context: context, options: PassOptions(), names: nil).run()
      let inbox = try #require(context.folders.all.first)
      #expect(full.report.held.count == 1 && inbox.held.count == 1)
      account.near.folders[.inbox] = folder
      let request = PassRunner.Request(folder: inbox, scopes: Sides(near: .pending, far: nil))
      _ = try await PassRunner(context: context, options: PassOptions(), listing: nil).run([request])
      #expect(inbox.held.isEmpty)
    }
  }

  @Test(
    "that is held stays so while new mail comes, and while some of it is rescued, also over a restart (L9)",
    arguments: Side.allCases)
  func undiluted(side: Side) async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled((1...50).map { "m\($0)" }, folders: [.inbox, archive])
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      for number in 1...26 { here.remove(try #require(here.key(of: "m\(number)"))) }
      #expect(try await account.sync().held.map(\.deletions) == [26])
      for number in 1...30 { here.put(SimulatedMessage("new \(number)")) }
      #expect(try await account.sync().held.map(\.deletions) == [26])
      for number in 1...20 { there.move("m\(number)", to: archive) }
      #expect(try await account.sync().held.map(\.deletions) == [6])
      #expect((21...26).allSatisfy { there.key(of: "m\($0)") != nil })
      try await account.sync(PassOptions(allowsDeletions: true))
      #expect((21...26).allSatisfy { there.key(of: "m\($0)") == nil })
      #expect(try await account.sync().isClean)
    }
  }

  @Test("an original in a folder that is gone keeps no other folder from syncing (L11)")
  func unusableOriginal() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(["a"], folders: [.inbox, archive])
      account.far.put(SimulatedMessage("x"), in: archive)
      try await account.sync()
      account.near.folders[archive] = nil
      // A phone moves it out of the folder that is missing here.
      account.far.remove(try #require(account.far.key(of: "x", in: archive)), in: archive)
      account.far.put(SimulatedMessage("x"))
      account.far.put(SimulatedMessage("y"))
      try await account.sync()
      #expect(account.near.contents().map(\.text) == ["a", "x", "y"])
    }
  }

  /// An editor's work: the same file, with something else in it and another date.
  @Loop
  private static func writeOver(_ text: String, in folder: FolderName, of account: SimulatedAccount) throws {
    let key = try #require(account.near.key(of: text, in: folder))
    account.near.folders[folder]?.messages[key] = SimulatedMessage(
      "\(text)#edited", date: InternalDate(secondsSince1970: 2_000_000))
  }

  @Test("that a message was deleted is none for what was written over its file: that is a message of its own (L1)")
  func writtenOver() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      try Self.writeOver("a", in: .inbox, of: account)
      account.far.remove(try #require(account.far.key(of: "a")))
      account.far.remove(try #require(account.far.key(of: "b")))
      try await account.sync()
      for store in [account.near, account.far] { #expect(Set(store.contents().map(\.text)) == ["a#edited", "c"]) }
      #expect(try await account.sync().isClean)
    }
  }

  @Test("nor for what is written over a file while others are being deleted, of many (L1)")
  func writtenOverMeanwhile() async throws {
    try await Reactor.onShared {
      let texts = (100...400).map { "\($0)" }
      let account = try await SimulatedAccount.filled(texts)
      for text in texts { account.far.remove(try #require(account.far.key(of: text))) }
      account.faults.onStep = { step in
        guard step.hasPrefix("after near delete") else { return }
        account.faults.onStep = nil
        for text in account.near.contents().map(\.text) {
          do { try Self.writeOver(text, in: .inbox, of: account) } catch { Issue.record(error) }
        }
      }
      for _ in 1...2 { try await account.sync(PassOptions(allowsDeletions: true)) }
      // Those that were read before the first was deleted are lost: one portion.
      for store in [account.near, account.far] { #expect(store.contents().count == 201) }
    }
  }

  @Test("that a folder was removed is none for what was written over a file in it (L1)")
  func writtenOverInRemovedFolder() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      for text in ["x", "y"] { account.far.put(SimulatedMessage(text), in: archive) }
      try await account.sync()
      try Self.writeOver("x", in: archive, of: account)
      account.far.folders[archive] = nil
      try await account.sync(PassOptions(allowsDeletions: true))
      try await account.sync()
      for store in [account.near, account.far] {
        #expect(store.contents(of: archive).map(\.text) == ["x#edited"])
      }
    }
  }

  @Test("is none while nobody can read what is in the file (L1)")
  func unreadableNow() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      try Self.writeOver("a", in: .inbox, of: account)
      account.far.remove(try #require(account.far.key(of: "a")))
      account.near.unidentifiable = ["a#edited"]
      #expect(try await !account.sync().isClean)
      account.near.unidentifiable = []
      try await account.sync()
      for store in [account.near, account.far] {
        #expect(Set(store.contents().map(\.text)) == ["a#edited", "b", "c"])
      }
    }
  }

  @Test("that vouched for a directory does so no more once another had its name (L2)")
  func directoriesSwappedTwice() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.near.folders[archive]?.inode = 7
      account.far.put(SimulatedMessage("x"), in: archive)
      try await account.sync()
      let former = account.near.folders[archive]
      // Another one, with the same in it, to which something comes.
      account.near.folders[archive]?.inode = 9
      account.far.put(SimulatedMessage("y"), in: archive)
      // The process ends before it has noted what that directory proves.
      let context = account.context()
      try await context.open()
      let folder = try #require(
        try await FolderDiscovery(context: context, options: PassOptions()).run().folders.first { $0.title == archive })
      let scopes = Sides<LookScope?>(
        near: .wide(since: folder.checkpoints.near), far: .wide(since: folder.checkpoints.far))
      let pass = FolderPass(folder, scopes: scopes, options: PassOptions(), in: context)
      try await pass.advance(ProgressMeter(context))
      #expect(account.near.contents(of: archive).map(\.text) == ["x", "y"])
      account.near.folders[archive] = former
      try await account.sync()
      #expect(account.near.contents(of: archive) == account.far.contents(of: archive))
    }
  }

  @Test("of a deletion that was broken off, the mark, goes where the file came back (L6)")
  func markedAndBack() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let key = try #require(account.far.key(of: "a"))
      account.near.remove(try #require(account.near.key(of: "a")))
      // The server was asked to mark it and to expunge it, and died in between.
      account.far.onDelete = { $0.setFlags(FlagSet(.deleted), of: key) }
      account.far.undeletable = ["a"]
      try await account.sync()
      #expect(account.far.contents().first?.flags == FlagSet(.deleted))
      // A power cut may bring the file back together with the directory's time.
      #expect(try account.ledger.folders().first?.checkpoints.near == nil)
      account.far.undeletable = []
      account.near.put(SimulatedMessage("a"))
      try await account.sync()
      #expect(account.far.key(of: "a") == key)
      for store in [account.near, account.far] {
        #expect(store.contents().map(\.flags) == [.none, .none, .none])
      }
    }
  }

  @Test("that INBOX is not here empties it at most, where a person allows it: a server's stays, and is made again (L2)")
  func vanishedInbox() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.near.folders[.inbox] = nil
      #expect(try await account.sync().held.map(\.wholeFolder) == [true])
      #expect(account.far.contents().count == 3)
      try await account.sync(PassOptions(allowsDeletions: true))
      #expect(account.far.folders[.inbox]?.messages.isEmpty == true)
      #expect(account.near.folders[.inbox]?.messages.isEmpty == true)
      #expect(try await account.sync().isClean)
    }
  }

  /// Three messages, then two more, and the server as it was before these.
  @Loop
  private static func restored(marking: Int) async throws -> SimulatedAccount {
    let account = try await SimulatedAccount.filled()
    let backup = account.far.folders[.inbox]
    for text in ["d", "e"] { account.far.put(SimulatedMessage(text)) }
    for _ in 0..<marking { account.far.setFlags(FlagSet(.seen), of: try #require(account.far.key(of: "d"))) }
    try await account.sync()
    account.far.folders[.inbox] = backup
    return account
  }

  @Test("that a backup was put back on the server is none: what came since comes back to it (L1, L8)")
  func backupPutBack() async throws {
    try await Reactor.onShared {
      let account = try await Self.restored(marking: 0)
      try await account.sync()
      for store in [account.near, account.far] { #expect(store.contents().map(\.text) == ["a", "b", "c", "d", "e"]) }
      #expect(try await account.sync().isClean)
    }
  }

  @Test("that a backup was put back shows also where the numbers that it had given out are others' by now (L1, L4)")
  func backupAndNewMail() async throws {
    try await Reactor.onShared {
      let account = try await Self.restored(marking: 9)
      for text in ["f", "g"] { account.far.put(SimulatedMessage(text)) }
      try await account.sync()
      for store in [account.near, account.far] {
        #expect(store.contents().map(\.text) == ["a", "b", "c", "d", "e", "f", "g"])
      }
      #expect(try await account.sync().isClean)
    }
  }

  @Test("that the highest number is gone is none of a backup, where a server tells no UIDNEXT (L2, L8)")
  func untoldNext() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.far.tellsUIDNext = false
      account.far.remove(try #require(account.far.key(of: "c")))
      #expect(try await account.sync(PassOptions(isThorough: true)).isClean)
      for store in [account.near, account.far] { #expect(store.contents().map(\.text) == ["a", "b"]) }
    }
  }

  @Test("that the base has no pairs, and vouches for both sides, is none for new mail on either (L3)")
  func lostPairs() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let inbox = try #require(try account.ledger.folders().first)
      try account.ledger.commit(try account.ledger.pairs(in: inbox.id).map { .removePair($0.id) })
      // Something has to be looked at.
      account.near.put(SimulatedMessage("d"))
      try await account.sync()
      for store in [account.near, account.far] { #expect(store.contents().map(\.text) == ["a", "b", "c", "d"]) }
    }
  }

  @Test("that the base has no pairs is found once, also where nothing is left that could vouch for more (L2)")
  func emptiedBase() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let inbox = try #require(try account.ledger.folders().first)
      try account.ledger.commit(try account.ledger.pairs(in: inbox.id).map { .removePair($0.id) })
      let context = account.context()
      try await context.open()
      _ = try await FolderDiscovery(context: context, options: PassOptions()).run()
      guard case .imap(let known)? = try account.ledger.folders().first?.checkpoints.far else {
        Issue.record("the numbering is forgotten")
        return
      }
      #expect(known.messageCount == 0)
      #expect(try account.ledger.folders().first?.checkpoints.near == nil)
    }
  }

  @Test("of a deletion that is held hides no flag that was set meanwhile, when the messages are back (L2, L6)")
  func flaggedWhileHeld() async throws {
    try await Reactor.onShared {
      let texts = (0..<50).map { "m\($0)" }
      let account = try await SimulatedAccount.filled(texts)
      let backup = account.near.folders[.inbox]
      account.near.empty(.inbox)
      account.far.setFlags(FlagSet(.seen), of: try #require(account.far.key(of: "m7")))
      for _ in 1...2 { #expect(try await !account.sync().held.isEmpty) }
      account.near.folders[.inbox] = backup
      try await account.sync()
      #expect(account.near.contents() == account.far.contents())
    }
  }
}
