import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// What goes from one folder and lives on in another is no deletion to the brake, however much it is (law L9).
@Suite("Many messages that are moved")
struct MovedMessagesTests {
  private static let count = 40

  @Loop
  private static func stage(_ side: Side) async throws -> (SimulatedAccount, SimulatedStore, SimulatedStore, FolderName)
  {
    let archive = try #require(FolderName("Archive"))
    let account = try await SimulatedAccount.filled((0..<count).map { "m\($0)" }, folders: [.inbox, archive])
    return side == .near
      ? (account, account.near, account.far, archive) : (account, account.far, account.near, archive)
  }

  /// As a mail reader does that copies and deletes, and a server for COPY and EXPUNGE.
  @Loop
  private static func copy(_ numbers: Range<Int>, in store: SimulatedStore, to folder: FolderName) {
    for number in numbers { store.put(SimulatedMessage("m\(number)"), in: folder) }
  }

  @Loop
  private static func remove(_ numbers: Range<Int>, in store: SimulatedStore, _ folder: FolderName = .inbox) throws {
    for number in numbers { store.remove(try #require(store.key(of: "m\(number)", in: folder)), in: folder) }
  }

  @Test("at once go on the other side, and are not held", arguments: Side.allCases)
  func atOnce(side: Side) async throws {
    try await Reactor.onShared {
      let (account, here, there, archive) = try await Self.stage(side)
      for number in 0..<Self.count { here.move("m\(number)", to: archive) }
      let report = try await account.sync()
      #expect(report.isClean, "\(report.held)")
      #expect(there.contents().isEmpty)
      #expect(there.contents(of: archive).count == Self.count)
      #expect(here.transfers == (side == .near ? 0 : Self.count), "the first sync's")
      #expect(try await !account.sync().didChange)
    }
  }

  @Test("one after another, a while after they were copied, are not held either", arguments: Side.allCases)
  func later(side: Side) async throws {
    try await Reactor.onShared {
      let (account, here, there, archive) = try await Self.stage(side)
      let context = account.context()
      try await context.open()
      @Loop func pass() async throws -> PassReport {
        try await FullPass(context: context, options: PassOptions(), names: nil).run().report
      }
      Self.copy(0..<Self.count, in: here, to: archive)
      #expect(try await pass().isClean)
      account.clock.advance(by: .seconds(300))
      for start in stride(from: 0, to: Self.count, by: 10) {
        try Self.remove(start..<start + 10, in: here)
        #expect(try await pass().isClean)
      }
      #expect(there.contents().isEmpty)
      // Nor do they count with what is deleted a moment later.
      try Self.remove(0..<20, in: here, archive)
      #expect(try await pass().isClean)
      #expect(there.contents(of: archive).count == 20)
    }
  }

  @Test("are deletions where they were copied long ago, or before this process began", arguments: [false, true])
  func longAgo(isRestarted: Bool) async throws {
    try await Reactor.onShared {
      let (account, here, there, archive) = try await Self.stage(.far)
      var context = account.context()
      try await context.open()
      Self.copy(0..<Self.count, in: here, to: archive)
      _ = try await FullPass(context: context, options: PassOptions(), names: nil).run()
      if isRestarted {
        context = account.context()
        try await context.open()
      } else {
        account.clock.advance(by: RecentArrivals.memory + .seconds(1))
      }
      here.empty(.inbox)
      let report = try await FullPass(context: context, options: PassOptions(), names: nil).run().report
      #expect(report.held.map(\.deletions) == [Self.count])
      #expect(there.contents().count == Self.count)
    }
  }

  @Test("are remembered for a while, and not for the life of a daemon")
  func forgotten() async throws {
    try await Reactor.onShared {
      let (account, here, _, _) = try await Self.stage(.far)
      let context = account.context()
      try await context.open()
      for number in 0..<RecentArrivals.sweptMin {
        here.put(SimulatedMessage("old\(number)"), in: .inbox)
      }
      _ = try await FullPass(context: context, options: PassOptions(), names: nil).run()
      #expect(context.recentArrivals.count == RecentArrivals.sweptMin)
      account.clock.advance(by: RecentArrivals.memory + .seconds(1))
      here.put(SimulatedMessage("new"), in: .inbox)
      _ = try await FullPass(context: context, options: PassOptions(), names: nil).run()
      #expect(context.recentArrivals.count == 1)
    }
  }

  @Test("go on even where others of the folder are held", arguments: Side.allCases)
  func mixed(side: Side) async throws {
    try await Reactor.onShared {
      let (account, here, there, archive) = try await Self.stage(side)
      for number in 0..<10 { here.move("m\(number)", to: archive) }
      try Self.remove(10..<Self.count, in: here)
      let report = try await account.sync()
      #expect(report.held.map(\.deletions) == [30])
      #expect(there.contents().count == 30)
      #expect(there.contents(of: archive).count == 10)
    }
  }

  @Test("do not make the others of a folder that is emptied few enough", arguments: Side.allCases)
  func emptied(side: Side) async throws {
    try await Reactor.onShared {
      let (account, here, there, archive) = try await Self.stage(side)
      Self.copy(0..<25, in: here, to: archive)
      here.empty(.inbox)
      let report = try await account.sync()
      #expect(report.held.map(\.deletions) == [15])
      #expect(there.contents().map(\.text).sorted() == (25..<Self.count).map { "m\($0)" })
    }
  }

  @Test("are deletions where the like was there before, or goes as well", arguments: Side.allCases)
  func noHeirs(side: Side) async throws {
    try await Reactor.onShared {
      let (account, here, there, archive) = try await Self.stage(side)
      let later = try #require(FolderName("Later"))
      here.folders[later] = SimulatedStore.Folder()
      Self.copy(0..<Self.count, in: here, to: later)
      try await account.sync()
      here.empty(later)
      #expect(try await account.sync().held.map(\.folder) == [later], "those in INBOX were there before")
      #expect(there.contents(of: later).count == Self.count)
      here.empty(.inbox)
      #expect(Set(try await account.sync().held.map(\.folder)) == [.inbox, later], "and their likes are held")
      #expect(there.contents().count == Self.count)
      #expect(there.contents(of: archive).isEmpty)
    }
  }

  @Test("out of many small folders do not stop the account")
  func account() async throws {
    try await Reactor.onShared {
      let names = try ["A", "B", "C", "D", "Big"].map { try #require(FolderName($0)) }
      let account = try await SimulatedAccount.filled([], folders: [.inbox] + names)
      for (index, name) in names.dropLast().enumerated() {
        Self.copy(index * 10..<index * 10 + 10, in: account.far, to: name)
      }
      try await account.sync()
      for (index, name) in names.dropLast().enumerated() {
        Self.copy(index * 10..<index * 10 + 10, in: account.far, to: names[4])
        account.far.empty(name)
      }
      #expect(try await account.sync().isClean)
      #expect(account.near.contents(of: names[4]).count == 40)
      #expect(account.near.contents(of: names[0]).isEmpty)
    }
  }
}
