import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// A folder that one side has no more: it was renamed, emptied before it went, or is a question for a person (L8, L9).
@Suite("A folder that vanished")
struct VanishedFolderTests {
  private static let archive = FolderName("Archive")

  @Test("leaves no evidence of its messages, also where the folder itself stays (L1)")
  func removedFolderThatStays() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let below = try #require(FolderName("Archive/Below"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      account.far.put(SimulatedMessage("x"), in: archive)
      try await account.sync()
      account.near.folders[archive] = nil
      // Nothing that takes part, and so nobody's concern but the server's, which keeps the folder for it.
      account.far.folders[below] = SimulatedStore.Folder()
      account.mapping = FolderMapping(
        nearName: { name, _ in name == below ? nil : name }, farName: { name, _ in name == below ? nil : name })
      let report = try await account.sync(PassOptions(allowsDeletions: true))
      #expect(report.problems.count == 1)
      #expect(account.far.contents(of: archive).isEmpty)
      let folder = try #require(try account.ledger.folders().first { $0.names.far == archive })
      #expect(try account.ledger.pairs(in: folder.id).isEmpty)
    }
  }

  @Test("was not renamed because copies lie in an older one (L8, L9)")
  func olderCopies() async throws {
    try await Reactor.onShared {
      let archive = try #require(Self.archive)
      let account = try await SimulatedAccount.filled(["a", "b"], folders: [.inbox, archive])
      for text in ["a", "b"] { account.far.put(SimulatedMessage(text), in: archive) }
      try await account.sync()
      account.near.folders[archive] = nil
      let report = try await account.sync()
      #expect(report.held.map(\.wholeFolder) == [true])
      #expect(account.far.contents(of: archive).count == 2)
    }
  }

  @Test("was not renamed because copies came to another one long before it vanished (L9)", arguments: Side.allCases)
  func youngerCopies(side: Side) async throws {
    try await Reactor.onShared {
      let (archive, backup) = (try #require(Self.archive), try #require(FolderName("Backup")))
      let account = try await SimulatedAccount.filled([], folders: [.inbox, archive, backup])
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      for text in ["a", "b"] { account.far.put(SimulatedMessage(text), in: archive) }
      try await account.sync()
      for text in ["a", "b"] { account.far.put(SimulatedMessage(text), in: backup) }
      try await account.sync()
      // Something comes, so that the folder is seen whole after the copies were.
      account.far.put(SimulatedMessage("c"), in: archive)
      try await account.sync()
      account.far.put(SimulatedMessage("c"), in: backup)
      here.folders[archive] = nil
      #expect(try await account.sync().held.map(\.wholeFolder) == [true])
      #expect(there.contents(of: archive).map(\.text) == ["a", "b", "c"])
    }
  }

  @Test("was not renamed where its disk is not mounted (L8)")
  func unmounted() async throws {
    try await Reactor.onShared {
      let (archive, copy) = (try #require(Self.archive), try #require(FolderName("Copy")))
      let account = try await SimulatedAccount.filled([], folders: [.inbox, archive])
      account.far.put(SimulatedMessage("a"), in: archive)
      try await account.sync()
      account.near.folders[archive]?.isOnOwnFileSystem = true
      account.near.folders[archive]?.inode = 2
      try await account.sync()
      account.near.folders[copy] = SimulatedStore.Folder()
      account.near.put(SimulatedMessage("a"), in: copy)
      account.near.folders[archive] = nil
      #expect(try await account.sync().held.map(\.wholeFolder) == [true])
      #expect(account.far.contents(of: archive).map(\.text) == ["a"])
    }
  }

  /// Directories were swapped: the file that the base has in another folder lies in this one now.
  @Test("was not renamed where its copies are not to be seen in the other one (L1, L9)")
  func unseenCopies() async throws {
    try await Reactor.onShared {
      let (archive, other) = (try #require(Self.archive), try #require(FolderName("Other")))
      let account = try await SimulatedAccount.filled(["a"], folders: [.inbox, archive, other])
      account.far.put(SimulatedMessage("x"), in: archive)
      try await account.sync()
      let key = try #require(account.near.key(of: "x", in: archive))
      let message = SimulatedMessage("x")
      let copy = account.far.put(message, in: other)
      let folder = try #require(try account.ledger.folders().first { $0.names.far == other })
      try account.ledger.commit([
        .addPair(
          folder.id, near: Sighting(key: key, flags: .none), far: Sighting(key: copy, flags: .none),
          identity: message.identity, date: message.date)
      ])
      account.far.folders[archive] = nil
      #expect(try await account.sync().held.map(\.wholeFolder) == [true])
      #expect(account.near.contents(of: archive).map(\.text) == ["x"])
      #expect(account.far.contents(of: other).map(\.text) == ["x"])
    }
  }
}
