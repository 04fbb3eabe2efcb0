import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// What one pass makes of two sides that differ.
@Suite("A pass")
struct PassTests {
  @Test("brings new messages to the other side, with flags and date")
  func newMessages() async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      let old = InternalDate(secondsSince1970: 42)
      account.near.put(SimulatedMessage("written here", flags: FlagSet([.draft]), date: old))
      account.far.put(SimulatedMessage("received there", flags: FlagSet([.seen])))
      let report = try await account.sync()
      #expect(account.near.contents() == account.far.contents())
      #expect(account.near.contents().count == 2)
      #expect(account.far.contents().last?.date == old)
      #expect(report.counts.near.delivered == 1)
      #expect(report.counts.far.delivered == 1)
    }
  }

  @Test("names a folder that is there and lacks something, and not one that went away meanwhile (L11)")
  func broken() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.far.put(SimulatedMessage("new"))
      account.near.lacking = [.inbox: nil]
      #expect(try await account.sync().problems == [.init(folder: .inbox, reason: "INBOX: something is not there")])
      account.near.lacking = [:]
      let archive = try #require(FolderName("Archive"))
      account.far.folders[archive] = SimulatedStore.Folder()
      try await account.sync()
      account.far.put(SimulatedMessage("there"), in: archive)
      account.near.lacking = [archive: { $0.folders[archive] = nil }]
      #expect(try await account.sync().isClean)
    }
  }

  @Test("that an event asked for, and that finds its folder gone, asks for a listing")
  func goneMeanwhile() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let account = try await SimulatedAccount.filled(folders: [.inbox, archive])
      let context = account.context()
      try await context.open()
      _ = try await FullPass(context: context, options: PassOptions(), names: nil).run()
      for isGone in [false, true] {
        if isGone { account.far.folders[archive] = nil }
        let folder = try #require(context.folders[.far, archive])
        let request = PassRunner.Request(folder: folder, scopes: Sides(near: nil, far: .wide(since: nil)))
        _ = try await PassRunner(context: context, options: PassOptions(), listing: nil).run([request])
        #expect(context.needsListing == isGone)
      }
    }
  }

  @Test("with nothing to do changes nothing (L2)", arguments: [true, false])
  func quietPass(hasModSeq: Bool) async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.far.hasModSeq = hasModSeq
      try await account.sync()
      let before = account.faults.log.count
      let report = try await account.sync()
      #expect(!report.didChange)
      #expect(report.isClean)
      let effects = account.faults.log.dropFirst(before).filter { $0.hasPrefix("before") }
      #expect(effects.isEmpty)
    }
  }

  @Test("counts what a listing proves unchanged as synced, and writes that down once an hour (L2)")
  func unchanged() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      try await account.sync()
      let context = account.context()
      try await context.open()
      let start = try #require(try account.ledger.folders().first?.lastPass)
      // Seconds since the last pass that was written down, and whether this one is.
      for (seconds, isWritten) in [(3599, false), (3600, false), (3601, true)] as [(Int64, Bool)] {
        account.clock.advance(by: .seconds(start + seconds - account.clock.wallTime.seconds))
        let before = account.faults.log.count
        let outcome = try await FullPass(context: context, options: PassOptions(), names: nil).run()
        #expect(outcome.report.foldersSynced == Set(outcome.wanted))
        #expect(outcome.folders.map(\.lastSync) == [start + seconds])
        #expect(try account.ledger.folders().first?.lastPass == start + (isWritten ? seconds : 0))
        // No look at a folder is among what was asked for.
        #expect(!account.faults.log.dropFirst(before).contains { $0.contains("look") }, "\(account.faults.log)")
      }
    }
  }

  @Test("merges flags of both sides one by one (L6)")
  func flags() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let keyword = try #require(Keyword("work"))
      account.near.setFlags(FlagSet([.seen]), of: try #require(account.near.key(of: "a")))
      account.far.setFlags(FlagSet([.flagged], keywords: [keyword]), of: try #require(account.far.key(of: "a")))
      try await account.sync()
      #expect(account.near.contents().first?.flags == FlagSet([.seen, .flagged], keywords: [keyword]))
      #expect(account.near.contents() == account.far.contents())
    }
  }

  @Test("follows what was flagged while it flagged (L6)", arguments: Side.allCases)
  func flaggedMeanwhile(side: Side) async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      here.setFlags(FlagSet([.answered]), of: try #require(here.key(of: "a")))
      there.meanwhile = { store in
        guard let key = store.key(of: "a") else { return }
        store.setFlags(FlagSet([.flagged]), of: key)
      }
      try await account.sync()
      #expect(account.near.contents().first?.flags == FlagSet([.answered, .flagged]))
      #expect(account.near.contents() == account.far.contents())
      #expect(try await !account.sync().didChange)
    }
  }

  @Test("makes a flag change again that found no message (L2, L6)", arguments: Side.allCases)
  func elusiveMessage(side: Side) async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.near.setFlags(FlagSet([.seen]), of: try #require(account.near.key(of: "a")))
      account.far.setFlags(FlagSet([.flagged]), of: try #require(account.far.key(of: "a")))
      (side == .near ? account.near : account.far).elusive = ["a"]
      try await account.sync()
      try await account.sync()
      #expect(account.near.contents().first?.flags == FlagSet([.seen, .flagged]))
      #expect(account.near.contents() == account.far.contents())
    }
  }

  @Test("never takes a flag that a side cannot hold for removed (L6)")
  func unheldKeyword() async throws {
    try await Reactor.onShared {
      let account = SimulatedAccount()
      account.near.holdsKeywords = false
      let keyword = try #require(Keyword("work"))
      account.far.put(SimulatedMessage("a", flags: FlagSet([], keywords: [keyword])))
      try await account.sync()
      account.near.setFlags(FlagSet([.seen]), of: try #require(account.near.key(of: "a")))
      try await account.sync()
      try await account.sync()
      #expect(account.far.contents().first?.flags == FlagSet([.seen], keywords: [keyword]))
    }
  }

  @Test("deletes what was deleted, though re-flagged on the other side (L7)", arguments: Side.allCases)
  func deletion(side: Side) async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      here.remove(try #require(here.key(of: "a")))
      there.setFlags(FlagSet([.flagged]), of: try #require(there.key(of: "a")))
      try await account.sync()
      #expect(account.near.contents().map(\.text) == ["b", "c"])
      #expect(account.far.contents().map(\.text) == ["b", "c"])
    }
  }

  @Test("holds a mass deletion back until it is allowed, and goes on with all else (L9)", arguments: Side.allCases)
  func brake(side: Side) async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled((0..<30).map { "m\($0)" })
      let (here, there) = side == .near ? (account.near, account.far) : (account.far, account.near)
      for index in 0..<25 { here.remove(try #require(here.key(of: "m\(index)"))) }
      there.put(SimulatedMessage("new"))
      let report = try await account.sync()
      #expect(report.held == [.init(folder: .inbox, side: side.other, deletions: 25, total: 30)])
      #expect(there.contents().count == 31)
      #expect(here.contents().count == 6)
      #expect(try await account.sync().held.count == 1, "it stays held")
      let allowed = try await account.sync(PassOptions(allowsDeletions: true))
      #expect(allowed.held.isEmpty)
      #expect(there.contents() == here.contents())
      #expect(there.contents().count == 6)
    }
  }

  @Test("lifts the brake by itself when the messages are back (L9)")
  func brakeLifts() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled((0..<30).map { "m\($0)" })
      let before = account.near.folders
      account.near.folders[.inbox]?.messages = [:]
      account.near.folders[.inbox]?.modSeq += 1
      #expect(try await account.sync().held.count == 1)
      account.near.folders = before
      account.near.folders[.inbox]?.modSeq += 2
      let report = try await account.sync()
      #expect(report.held.isEmpty)
      #expect(account.near.contents() == account.far.contents())
      #expect(account.far.contents().count == 30)
    }
  }

  @Test("matches both sides anew after a new UIDVALIDITY and deletes nothing (L8)", arguments: [true, false])
  func newValidity(hasModSeq: Bool) async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.far.hasModSeq = hasModSeq
      account.far.renumber(.inbox)
      account.far.put(SimulatedMessage("new"))
      let before = account.far.transfers
      let report = try await account.sync()
      #expect(report.counts.near.deleted + report.counts.far.deleted == 0)
      #expect(account.near.contents() == account.far.contents())
      #expect(account.near.contents().count == 4)
      #expect(account.far.transfers == before + 1, "only the new one is transferred")
    }
  }

  @Test("that is a dry run of an account that points elsewhere says so, and leaves the base as it is")
  func elsewhereDry() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let place = account.far.place
      account.far.place = "another server"
      let error = await #expect(throws: StoreError.self) {
        try await account.sync(PassOptions(isDryRun: true))
      }
      #expect(error?.kind == .needsPerson)
      #expect(error?.text.contains("another server") == true)
      account.far.place = place
      #expect(try await !account.sync().didChange)
    }
  }

  @Test("of an account that was made to point elsewhere deletes nothing, whatever the numbers say (L8)")
  func elsewhere() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let before = account.near.contents()
      account.far.place = "another server"
      // Of the same UIDVALIDITY, and with another message under a UID that the base knows.
      account.far.folders = [.inbox: SimulatedStore.Folder()]
      account.far.put(SimulatedMessage("other"))
      let report = try await account.sync()
      #expect(report.counts.near.deleted + report.counts.far.deleted == 0)
      #expect(account.near.contents().count == before.count + 1)
      #expect(account.near.contents() == account.far.contents())
      #expect(try await !account.sync().didChange)
    }
  }

  @Test("that pointed elsewhere for a moment, and died over it, doubles nothing (L3, L5)")
  func elsewhereForAMoment() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled((0..<AccountContext.pairsAtOnce + 20).map { "m\($0)" })
      let (place, count) = (account.far.place, account.far.contents().count)
      account.far.place = "another server"
      account.faults.onStep = { name in
        guard name.contains("remove pairs"), account.faults.deadline == nil else { return }
        account.faults.deadline = account.faults.steps + 2
      }
      await #expect(throws: StoreError.self) { try await account.sync() }
      account.faults.onStep = nil
      account.faults.revive()
      account.far.place = place
      account.near.put(SimulatedMessage("new"))
      for _ in 1...2 { try await account.sync() }
      #expect(account.far.contents().count == count + 1)
      #expect(account.near.contents() == account.far.contents())
    }
  }

  @Test("matches both sides by identity when the ledger is lost (L3, L8)")
  func lostLedger() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.loseLedger()
      let report = try await account.sync()
      #expect(report.counts == Sides(near: .init(), far: .init()))
      #expect(account.near.contents().map(\.text) == ["a", "b", "c"])
      #expect(account.near.contents() == account.far.contents())
    }
  }

  @Test("sets a refused message aside, names it, and syncs the rest (L11)")
  func refused() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.far.refused = ["bad"]
      account.near.put(SimulatedMessage("bad"))
      account.near.put(SimulatedMessage("good"))
      let report = try await account.sync()
      #expect(report.problems.count == 1)
      #expect(report.problems.first?.reason == "far refuses bad")
      #expect(account.far.contents().map(\.text) == ["a", "b", "c", "good"])
      #expect(try await account.sync().problems.count == 1, "it stays named")
      account.far.refused = []
      account.clock.advance(by: .seconds(90_000))
      #expect(try await account.sync().isClean)
      #expect(account.near.contents() == account.far.contents())
    }
  }

  @Test("tries a refused message again where the clock was set back since (L11)")
  func clockSetBack() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.far.refused = ["bad"]
      let key = account.near.put(SimulatedMessage("bad"))
      try await account.sync()
      account.far.refused = []
      let folder = try #require(try account.ledger.folders().first?.id)
      let wait = try #require(try account.ledger.setAside(in: folder).first?.retryAt) - account.clock.wallTime.seconds
      for late in [0, 1] as [Int64] {
        let retryAt = account.clock.wallTime.seconds + wait + late
        try account.ledger.commit([
          .setAside(SetAside(folder: folder, side: .near, key: key, reason: "", attempts: 1, retryAt: retryAt))
        ])
        try await account.sync()
        #expect((account.far.key(of: "bad") != nil) == (late > 0))
      }
    }
  }

  @Test("plans what would go into folders that a dry run does not make")
  func dryRunOfNewFolders() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      let (here, there, empty) = (
        try #require(FolderName("Here")), try #require(FolderName("There")), try #require(FolderName("Empty"))
      )
      account.near.folders[here] = SimulatedStore.Folder()
      account.far.folders[there] = SimulatedStore.Folder()
      account.far.folders[empty] = SimulatedStore.Folder()
      account.near.put(SimulatedMessage("x"), in: here)
      account.far.put(SimulatedMessage("y"), in: there)
      account.far.put(SimulatedMessage("z"), in: there)
      let before = (account.near.folders, account.far.folders)
      let report = try await account.sync(PassOptions(isDryRun: true))
      let name = try #require(account.near.key(of: "x", in: here))
      #expect(
        report.plan.sorted() == [
          "copy local Here \(name) to remote Here", "copy remote There UID 1 to local There",
          "copy remote There UID 2 to local There", "create local folder Empty", "create local folder There",
          "create remote folder Here",
        ])
      #expect((account.near.folders, account.far.folders) == before)
      #expect(try account.ledger.folders().map(\.names.far) == [.inbox])
    }
  }

  @Test("plans and changes nothing in a dry run")
  func dryRun() async throws {
    try await Reactor.onShared {
      let account = try await SimulatedAccount.filled()
      account.near.remove(try #require(account.near.key(of: "a")))
      account.far.put(SimulatedMessage("new"))
      let before = (account.near.folders, account.far.folders)
      let report = try await account.sync(PassOptions(isDryRun: true))
      #expect(report.plan.count == 2)
      #expect((account.near.folders, account.far.folders) == before)
      try await account.sync()
      #expect(account.near.contents() == account.far.contents())
    }
  }
}
