import Foundation
import LedgerSQLite
import Mail
import Ports
import Reactor
import Reconciliation
import Support
import Testing

@Suite("What a commit does to the disk, and what it refuses")
struct LedgerCommitTests {
  /// The suite holds it, so that it is there until the test has ended.
  private let scratch: TemporaryDirectory

  init() throws { scratch = try TemporaryDirectory("ledger") }

  private static let flags = FlagSet([.seen, .flagged], keywords: [.forwarded])

  private static func addition(_ folder: FolderID, file: String, uid: UID) throws -> LedgerChange {
    let digest = try #require(MessageDigest(bytes: [UInt8](repeating: 7, count: 32)))
    return .addPair(
      folder, near: Sighting(key: .file(file), flags: flags), far: Sighting(key: .uid(uid), flags: flags),
      identity: MessageIdentity(digest: digest, wireSize: 100, messageID: nil), date: nil)
  }

  /// Without the log's index, which is memory that processes share and never synced: a reader leaves its mark there.
  private static func files(_ scratch: TemporaryDirectory) throws -> [String: Data] {
    try scratch.files(in: scratch.path).filter { !$0.key.hasSuffix("-shm") }
  }

  @Loop
  private static func ledgerWithOnePair(_ directory: String) throws -> (SQLiteLedger, FolderID, PairID) {
    let ledger = try SQLiteLedger(directory: directory)
    let folder = try ledger.addFolder(Sides(near: .inbox, far: .inbox)).id
    try ledger.commit([try addition(folder, file: "a", uid: 1)])
    return (ledger, folder, try #require(try ledger.pairs(in: folder).first).id)
  }

  @Test("pairs may trade their numbers in one commit, as after a new UIDVALIDITY (L8)")
  func renumbering() async throws {
    try await Reactor.onShared {
      let (ledger, folder, _) = try Self.ledgerWithOnePair(scratch.path)
      try ledger.commit([
        try Self.addition(folder, file: "b", uid: 2), try Self.addition(folder, file: "c", uid: 3),
        try Self.addition(folder, file: "d", uid: 4),
      ])
      let pairs = try ledger.pairs(in: folder)
      // The last one goes, and each of the others takes the number behind its own.
      var changes = [LedgerChange.removePair(pairs[3].id)]
      for (pair, uid) in zip(pairs, [2, 3, 4] as [UID]) {
        changes.append(
          .relocate(pair.id, to: folder, near: pair[.near], far: Sighting(key: .uid(uid), flags: Self.flags)))
      }
      try ledger.commit(changes)
      #expect(try ledger.pairs(in: folder).map { $0[.far].key } == [.uid(2), .uid(3), .uid(4)])
      ledger.close()
    }
  }

  @Test("a commit that changes nothing writes nothing (L2)")
  func quietCommit() async throws {
    try await Reactor.onShared {
      let (ledger, folder, pair) = try Self.ledgerWithOnePair(scratch.path)
      let checkpoint = Checkpoint.maildir(
        MaildirCheckpoint(curModified: 1, newModified: 2, curInode: 3, newInode: 4, isSettled: true))
      let entry = SetAside(folder: folder, side: .far, key: .uid(9), reason: "no", attempts: 1, retryAt: 5)
      let changes: [LedgerChange] = [
        .setFlags(pair, Sides(near: Self.flags, far: Self.flags)), .setCheckpoint(folder, .near, checkpoint),
        .setCheckpoint(folder, .far, nil), .passCompleted(folder, at: 8), .setAside(entry),
        .relocate(
          pair, to: folder, near: Sighting(key: .file("a"), flags: Self.flags),
          far: Sighting(key: .uid(1), flags: Self.flags)),
        .removePair(PairID(rawValue: 99)), .clearSetAside(folder, .near, .file("none")), .removeLimbo(.file("none")),
      ]
      try ledger.commitDurably(changes)
      try ledger.setFact("marker", to: "m")
      // A fact is on the disk, and with it all that was not.
      let before = try Self.files(scratch)
      try ledger.commit([])
      try ledger.commit(changes)
      try ledger.commitDurably(changes)
      try ledger.commitDurably([])
      try ledger.setFact("marker", to: "m")
      try ledger.setFact("none", to: nil)
      #expect(try Self.files(scratch) == before)
      try ledger.setFact("marker", to: "n")
      #expect(try Self.files(scratch) != before, "the comparison sees a write")
      ledger.close()
    }
  }

  @Test("a batch with one impossible change leaves nothing of the others")
  func refusedBatch() async throws {
    try await Reactor.onShared {
      let (ledger, folder, pair) = try Self.ledgerWithOnePair(scratch.path)
      for second in [try Self.addition(folder, file: "a", uid: 2), try Self.addition(folder, file: "b", uid: 1)] {
        #expect(throws: LedgerError.self) { try ledger.commit([.removePair(PairID(rawValue: 0)), second]) }
        #expect(throws: LedgerError.self) {
          try ledger.commitDurably([.passCompleted(folder, at: 3), second])
        }
      }
      #expect(try ledger.pairs(in: folder).map(\.id) == [pair])
      #expect(try ledger.folders().first?.lastPass == nil)
      try ledger.commit([.removePair(pair), try Self.addition(folder, file: "a", uid: 1)])
      #expect(try ledger.pairs(in: folder).count == 1)
      ledger.close()
    }
  }

  @Test("what is kept in limbo is found by size and Message-ID, and by its age")
  func limbo() async throws {
    try await Reactor.onShared {
      let ledger = try SQLiteLedger(directory: scratch.path)
      let digest = try #require(MessageDigest(bytes: [UInt8](repeating: 1, count: 32)))
      let kept = [(7, "<a>"), (7, "<b>"), (8, "<a>"), (7, nil)].enumerated().map { index, traits in
        LimboEntry(
          key: .file("\(index)"), identity: MessageIdentity(digest: digest, wireSize: traits.0, messageID: traits.1),
          date: nil, since: Int64(10 + index))
      }
      try ledger.commit(kept.reversed().map { .addLimbo($0) })
      #expect(try ledger.limbo(wireSize: 7, messageID: "<a>") == [kept[0]])
      #expect(try ledger.limbo(wireSize: 9, messageID: "<a>").isEmpty)
      #expect(try ledger.limbo(before: 12) == Array(kept[..<2]))
      #expect(try ledger.limbo(before: nil) == kept)
      ledger.close()
    }
  }

  @Test("a folder name is taken once on each side")
  func folderNamesAreOneToOne() async throws {
    try await Reactor.onShared {
      let ledger = try SQLiteLedger(directory: scratch.path)
      let sent = try #require(FolderName("Sent"))
      _ = try ledger.addFolder(Sides(near: sent, far: .inbox))
      #expect(throws: LedgerError.self) { try ledger.addFolder(Sides(near: sent, far: sent)) }
      #expect(throws: LedgerError.self) { try ledger.addFolder(Sides(near: .inbox, far: .inbox)) }
      ledger.close()
    }
  }

  @Test("ids of what is gone are not given out again")
  func idsAreNotReused() async throws {
    try await Reactor.onShared {
      let (ledger, folder, pair) = try Self.ledgerWithOnePair(scratch.path)
      try ledger.commit([.removePair(pair), try Self.addition(folder, file: "a", uid: 1)])
      #expect(try #require(try ledger.pairs(in: folder).first).id > pair)
      try ledger.removeFolder(folder)
      #expect(try ledger.addFolder(Sides(near: .inbox, far: .inbox)).id > folder)
      ledger.close()
    }
  }

  @Test("thousands of keys are asked for at once")
  func manyKeys() async throws {
    try await Reactor.onShared {
      let ledger = try SQLiteLedger(directory: scratch.path)
      let folder = try ledger.addFolder(Sides(near: .inbox, far: .inbox)).id
      let uids = UIDSet(1...5000)
      try ledger.commit(try uids.map { try Self.addition(folder, file: "f\($0)", uid: $0) })
      let odd = uids.filter { $0.rawValue % 2 == 1 }
      let wanted = odd.map(MessageKey.uid) + [.uid(70000), .file("1")] + odd.prefix(10).map(MessageKey.uid)
      #expect(try ledger.pairs(in: folder, side: .far, keys: wanted).map { $0[.far].key } == odd.map(MessageKey.uid))
      let files = odd.map { MessageKey.file("f\($0)") }
      #expect(try ledger.pairs(in: folder, side: .near, keys: files).map { $0[.near].key } == files)
      ledger.close()
    }
  }

  @Test("a folder's pairs are read and removed in portions, each once, and no other folder's")
  func portions() async throws {
    try await Reactor.onShared {
      let (ledger, other, pair) = try Self.ledgerWithOnePair(scratch.path)
      let folder = try ledger.addFolder(Sides(near: try #require(FolderName("A")), far: try #require(FolderName("A"))))
        .id
      try ledger.commit(try UIDSet(1...10).map { try Self.addition(folder, file: "f\($0)", uid: $0) })
      var read: [PairRecord] = []
      for count in [4, 4, 2, 0] {
        let portion = try ledger.records(in: folder, behind: read.last?.pair[.near].key, limit: 4)
        #expect(portion.count == count)
        read += portion
      }
      #expect(read.sorted { $0.pair.id < $1.pair.id } == (try ledger.records(in: folder)))
      for left in [6, 2, 0] {
        #expect(try ledger.removePairs(in: folder, limit: 4))
        #expect(try ledger.pairCount(in: folder) == left)
      }
      #expect(try !ledger.removePairs(in: folder, limit: 4))
      #expect(try ledger.pairs(in: other).map(\.id) == [pair])
      ledger.close()
    }
  }

  @Test("a closed ledger answers with an error")
  func closedLedger() async throws {
    try await Reactor.onShared {
      let ledger = try SQLiteLedger(directory: scratch.path)
      ledger.close()
      ledger.close()
      #expect(throws: LedgerError.self) { try ledger.folders() }
      #expect(throws: LedgerError.self) { try ledger.setFact("a", to: "b") }
      #expect(throws: LedgerError.self) { try ledger.commitDurably([.removePair(PairID(rawValue: 1))]) }
    }
  }
}
