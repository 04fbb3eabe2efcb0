import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// Deletions that come one after another are judged together (law L9).
@Suite("A storm of deletions")
struct DeletionStormTests {
  @Test("that comes in drops is held as a whole, and counted as a whole")
  func drops() async throws {
    try await Reactor.onShared {
      let stage = try await StormStage(100)
      for number in 0..<100 {
        try stage.remove(number..<number + 1)
        try await stage.pass()
        stage.account.clock.advance(by: .milliseconds(50))
      }
      #expect(stage.left() == 80, "what a person may delete at once is deleted at once")
      #expect(stage.context.foldersInWaiting.count == 1)
      stage.calm()
      let report = try await stage.pass(.inbox, .wide(since: nil))
      #expect(report.held == [.init(folder: .inbox, side: .far, deletions: 100, total: 100, deleted: 20)])
      #expect(stage.left() == 80)
      #expect(stage.context.foldersInWaiting.isEmpty)
    }
  }

  @Test("that ends below the brake is carried out at the calm, and not before")
  func calm() async throws {
    try await Reactor.onShared {
      let stage = try await StormStage(100)
      try stage.remove(0..<30)
      try await stage.pass()
      #expect(stage.left() == 100)
      try stage.remove(30..<40)
      stage.calm()
      try await stage.pass(.inbox, .wide(since: nil))
      #expect(stage.left() == 100, "more had come by then")
      stage.calm()
      try await stage.pass(.inbox, .wide(since: nil))
      #expect(stage.left() == 60)
    }
  }

  @Test("is waited out by a full pass", arguments: [false, true])
  func fullPass(isKnown: Bool) async throws {
    try await Reactor.onShared {
      let stage = try await StormStage(100)
      try stage.remove(0..<30)
      if isKnown { try await stage.pass() }
      let before = stage.account.clock.now
      let report = try await stage.fullPass()
      #expect(report.counts.far.deleted == 30 && report.isClean)
      #expect(before.duration(to: stage.account.clock.now) >= GatheredDeletions.calm)
    }
  }

  @Test("is none of up to 20 deletions: they are carried out by the event that tells of them")
  func few() async throws {
    try await Reactor.onShared {
      let stage = try await StormStage(30)
      try stage.remove(0..<20)
      #expect(try await stage.pass().counts.far.deleted == 20)
      #expect(stage.account.clock.now == LoopInstant(nanoseconds: 0))
    }
  }

  @Test("stays held with time and over a restart, until the messages are back")
  func staysHeld() async throws {
    try await Reactor.onShared {
      let stage = try await StormStage(100)
      try stage.remove(0..<40)
      try await stage.fullPass()
      #expect(stage.left() == 60)
      let before = stage.account.near.folders[.inbox]
      try stage.remove(40..<55)
      let held = [PassReport.Held(folder: .inbox, side: .far, deletions: 55, total: 100, deleted: 40)]
      #expect(try await stage.fullPass().held == held)
      stage.account.clock.advance(by: .seconds(3600))
      #expect(try await stage.pass().held == held)
      try await stage.restart()
      #expect(try await stage.fullPass().held == held)
      #expect(stage.released().isEmpty)
      stage.account.near.folders[.inbox] = before
      #expect(try await stage.fullPass().isClean)
      #expect(try await stage.fullPass().isClean)
      #expect(stage.released() == [.released(.inbox, .far, isAllowed: false)])
      stage.account.clock.advance(by: .seconds(61))
      try stage.remove(40..<55)
      #expect(try await stage.fullPass().counts.far.deleted == 15)
    }
  }

  @Test("is none of the many versions of a draft, each saved in the place of the last one")
  func drafts() async throws {
    try await Reactor.onShared {
      let stage = try await StormStage(0)
      for number in 0..<50 {
        stage.account.near.put(SimulatedMessage("\(FolderName.inbox) \(number)"))
        if number > 0 { try stage.remove(number - 1..<number) }
        #expect(try await stage.pass().isClean)
        #expect(stage.left() == 1)
        stage.account.clock.advance(by: .seconds(1))
      }
    }
  }

  @Test("is one where the messages came a moment ago, all at once, and go where they came from")
  func justArrived() async throws {
    try await Reactor.onShared {
      let stage = try await StormStage(32)
      let (near, far) = (stage.account.near, stage.account.far)
      for number in 0..<19 { far.remove(try #require(far.key(of: "\(FolderName.inbox) \(number)"))) }
      #expect(try await stage.fullPass().held.isEmpty)
      #expect(near.contents().count == 13)
      for number in 19..<21 { far.remove(try #require(far.key(of: "\(FolderName.inbox) \(number)"))) }
      #expect(try await stage.fullPass().held.map(\.deleted) == [19])
      #expect(near.contents().count == 13)
    }
  }

  @Test("that a person allows does not count with what is deleted after it")
  func allowed() async throws {
    try await Reactor.onShared {
      let stage = try await StormStage(100)
      try stage.remove(0..<40)
      try await stage.fullPass()
      try stage.remove(40..<75)
      #expect(try await stage.fullPass().held.count == 1)
      try await stage.fullPass(PassOptions(allowsDeletions: true))
      #expect(stage.left() == 25)
      #expect(stage.released() == [.released(.inbox, .far, isAllowed: true)])
      try stage.remove(75..<80)
      #expect(try await stage.pass().held.isEmpty)
      #expect(stage.left() == 20)
      #expect(try stage.account.ledger.fact("far deletions before the brake in folder 1") == nil)
    }
  }

  @Test("over many small folders stays held, although each of them has an event of its own")
  func account() async throws {
    try await Reactor.onShared {
      let folders = try [FolderName.inbox] + ["A", "B", "C"].map { try #require(FolderName($0)) }
      let stage = try await StormStage(15, folders: folders)
      for folder in folders {
        try stage.remove(0..<15, in: folder)
        try await stage.pass(folder)
      }
      stage.calm()
      for _ in 1...2 {
        for folder in folders { try await stage.pass(folder, .wide(since: nil)) }
        #expect(folders.map { stage.left(in: $0) } == [0, 15, 15, 15])
        stage.account.clock.advance(by: .seconds(3600))
      }
      try await stage.restart()
      let report = try await stage.fullPass()
      #expect(report.held.first?.account == AccountBrake.Hold(deletions: 60, total: 60, deleted: 15))
      #expect(folders.map { stage.left(in: $0) } == [0, 15, 15, 15])
      #expect(try await stage.fullPass(PassOptions(allowsDeletions: true)).isClean)
      #expect(folders.map { stage.left(in: $0) } == [0, 0, 0, 0])
      #expect(try await stage.fullPass().isClean)
      #expect(stage.released() == [.released(nil, .far, isAllowed: true)])
    }
  }

  @Test("in a folder that then goes as a whole holds up no deletion in others")
  func folderGoes() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let stage = try await StormStage(100, folders: [.inbox, archive])
      try stage.remove(0..<30, in: archive)
      try await stage.pass(archive)
      #expect(stage.context.foldersInWaiting.count == 1)
      stage.account.near.folders[archive] = nil
      let report = try await stage.fullPass()
      #expect(report.held.map(\.wholeFolder) == [true])
      #expect(stage.left(in: archive) == 100)
      #expect(stage.context.foldersInWaiting.isEmpty)
      try stage.remove(0..<1)
      #expect(try await stage.pass().counts.far.deleted == 1)
    }
  }

  @Test("stays held, although a disturbed listing shows none of it")
  func disturbedLook() async throws {
    try await Reactor.onShared {
      let stage = try await StormStage(100)
      try stage.remove(0..<40)
      try await stage.fullPass()
      try stage.remove(40..<55)
      #expect(try await stage.fullPass().held.count == 1)
      stage.account.near.restless = ["INBOX 60"]
      try await stage.pass(.inbox, .wide(since: nil))
      stage.account.near.restless = []
      stage.account.clock.advance(by: .seconds(3600))
      let held = PassReport.Held(folder: .inbox, side: .far, deletions: 55, total: 100, deleted: 40)
      #expect(try await stage.fullPass().held == [held])
      #expect(stage.left() == 60)
    }
  }

  @Test("is none where messages have moved: they go at once from where they were")
  func moves() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let stage = try await StormStage(100, folders: [.inbox, archive])
      for number in 0..<40 {
        let key = try #require(stage.account.near.key(of: "INBOX \(number)", in: .inbox))
        let message = try #require(stage.account.near.folders[.inbox]?.messages[key])
        stage.account.near.put(message, in: archive)
        try await stage.pass(archive)
        stage.account.near.remove(key)
        try await stage.pass()
        #expect(stage.left() == 99 - number)
      }
      #expect(stage.left(in: archive) == 140)
    }
  }

  @Test("goes on waiting with what came while the others were carried out")
  func laterOnes() {
    var gathered = GatheredDeletions()
    let (now, folder) = (LoopInstant(nanoseconds: 0), FolderID(rawValue: 1))
    let pairs = (1...3).map { PairID(rawValue: $0) }
    gathered.note(Set(pairs[..<2]), in: folder, isWhole: true, at: now)
    gathered.note([pairs[2]], in: folder, isWhole: false, at: now)
    gathered.settle(Set(pairs[..<2]), in: folder)
    #expect(gathered.waiting == [folder] && gathered.count() == 1)
    gathered.hold(folder)
    gathered.forgetWaiting(in: folder)
    #expect(gathered.waiting.isEmpty && gathered.count() == 1)
    gathered.settle([pairs[2]], in: folder)
    #expect(gathered.count() == 0)
  }

  @Test("is waited for as long as more come, and no longer than a minute")
  func patience() {
    var gathered = GatheredDeletions()
    var now = LoopInstant(nanoseconds: 0)
    let folder = FolderID(rawValue: 1)
    for number in 1...120 {
      gathered.note([PairID(rawValue: Int64(number))], in: folder, isWhole: false, at: now)
      #expect(gathered.rest(at: now) <= GatheredDeletions.calm)
      #expect((gathered.rest(at: now) == .zero) == (now.nanoseconds >= 60_000_000_000))
      now = now.advanced(by: .milliseconds(600))
    }
    #expect(gathered.count() == 120)
    gathered.note([PairID(rawValue: 7)], in: folder, isWhole: true, at: now)
    #expect(gathered.count() == 1, "the others are back")
    gathered.note([], in: folder, isWhole: true, at: now)
    #expect(gathered.waiting.isEmpty && gathered.rest(at: now) == .zero)
  }

  @Test("is waited for no longer where the network breaks again and again meanwhile")
  func patienceAcrossConnections() {
    var gathered = GatheredDeletions()
    var now = LoopInstant(nanoseconds: 0)
    let folder = FolderID(rawValue: 1)
    for number in 1...120 as ClosedRange<Int64> {
      if number.isMultiple(of: 40) { gathered.beginAnew() }
      gathered.note(Set((1...number).map { PairID(rawValue: $0) }), in: folder, isWhole: true, at: now)
      #expect((gathered.rest(at: now) == .zero) == (now.nanoseconds >= 60_000_000_000))
      now = now.advanced(by: .milliseconds(600))
    }
    gathered.beginAnew()
    now = now.advanced(by: GatheredDeletions.patience * 2)
    gathered.note([PairID(rawValue: 7)], in: folder, isWhole: true, at: now)
    #expect(gathered.rest(at: now) == GatheredDeletions.calm, "another storm")
  }
}
