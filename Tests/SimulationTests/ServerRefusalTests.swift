import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

/// A whole account before a server that says no to some of what is asked of it.
@Suite("An account whose server refuses something")
struct ServerRefusalTests {
  /// A Maildir on a simulated disk, and a server with INBOX and a folder that people save to.
  @Loop
  private struct Play {
    nonisolated static let archive = "Archive"
    nonisolated static let kinds = [
      ServerKind("everything"), ServerKind("no MOVE", without: .move), ServerKind("no UIDPLUS", without: .uidPlus),
      ServerKind("IMAP4rev1") { $0.profile.extensions = .none },
    ]

    let stage: ServerStage
    let fixture: DiskFixture
    let ledger = SimulatedLedger(faults: Faults())

    nonisolated static func begin(
      _ kind: ServerKind, _ body: @escaping @Loop @Sendable (Play) async throws -> Void
    ) async throws {
      try await ServerStage.play(kind) { stage in
        stage.server.append(ServerStage.octets(1))
        _ = stage.server.createMailbox(archive)
        let play = Play(stage: stage, fixture: try DiskFixture())
        try await play.sync()
        try await body(play)
      }
    }

    @discardableResult
    func sync() async throws -> PassReport {
      let stores = Sides<any MailStore>(near: fixture.store(marker: nil), far: stage.store)
      let context = AccountContext(
        name: "test", stores: stores, ledger: ledger, clock: stage.clock, mapping: .identity, observer: Recorder())
      return try await OneShot(context: context).run(PassOptions(), names: nil).report
    }

    func here(_ folder: String) -> [String] {
      fixture.disk.files(below: "/mail/\(folder)").map { String(decoding: $0.bytes, as: UTF8.self) }
        .filter { $0.hasPrefix("Date") }.sorted()
    }

    func there(_ folder: String) throws -> [String] {
      stage.texts(try ServerStage.folder(folder)).map { $0.replacing("\r\n", with: "\n") }.sorted()
    }

    /// Where the file of a message is.
    func path(_ number: Int, in folder: String) throws -> String {
      let files = fixture.disk.files(below: "/mail/\(folder)")
      return try #require(files.first { $0.bytes == Array(Self.mail(number).utf8) }?.path)
    }

    nonisolated static func mail(_ number: Int) -> String { ServerStage.mail(number).replacing("\r\n", with: "\n") }
  }

  @Test(
    "to copy a message for its quota syncs all else of that folder, and names the message (L11)", arguments: Play.kinds)
  func quota(kind: ServerKind) async throws {
    try await Play.begin(kind) { play in
      play.stage.server.trouble.isOverQuota = true
      try play.fixture.disk.write("/mail/Archive/cur/copy:2,", Play.mail(1))
      for number in [2, 3] { play.stage.server.append(ServerStage.octets(number), to: Play.archive) }
      var report = try await play.sync()
      #expect(play.here("Archive") == [1, 2, 3].map(Play.mail))
      #expect(report.problems.filter { $0.message != nil }.count == 1, "\(report.problems)")
      // As a person does who needs room.
      try play.fixture.disk.unlink(try play.path(2, in: "Archive"))
      report = try await play.sync()
      #expect(try play.there("Archive") == [Play.mail(3)])
      #expect(report.problems.count == 1, "\(report.problems)")
      play.stage.server.trouble.isOverQuota = false
      play.stage.clock.advance(by: .seconds(3600))
      for _ in 1...2 { #expect(try await play.sync().isClean) }
      #expect(try play.there("Archive") == [1, 3].map(Play.mail))
      #expect(try play.there("INBOX") == [Play.mail(1)])
    }
  }

  @Test("to take a moved message keeps it in its old place (L1)", arguments: Play.kinds)
  func moved(kind: ServerKind) async throws {
    try await Play.begin(kind) { play in
      play.stage.server.trouble.isOverQuota = true
      try play.fixture.disk.rename(try play.path(1, in: "INBOX"), "/mail/Archive/cur/moved:2,")
      for _ in 1...2 {
        let report = try await play.sync()
        #expect(report.problems.contains { $0.folder == .inbox && $0.reason.contains("moved to the local Archive") })
        #expect(try play.there("INBOX") == [Play.mail(1)])
      }
      play.stage.server.trouble.isOverQuota = false
      play.stage.clock.advance(by: .seconds(3600))
      for _ in 1...2 { try await play.sync() }
      #expect(try await !play.sync().didChange)
      #expect(try play.there("Archive") == [Play.mail(1)] && play.there("INBOX").isEmpty)
      #expect(play.here("Archive") == [Play.mail(1)] && play.here("INBOX").isEmpty)
    }
  }

  @Test(
    "to delete anything in a mailbox brings new mail of it, and says so (L11)", arguments: Play.kinds, [true, false])
  func deletion(kind: ServerKind, isReadOnly: Bool) async throws {
    try await Play.begin(kind) { play in
      let server = play.stage.server
      if isReadOnly { server.trouble.readOnly = ["INBOX"] } else { server.trouble.keepsAll = ["INBOX"] }
      try play.fixture.disk.unlink(try play.path(1, in: "INBOX"))
      for number in 2...3 {
        server.append(ServerStage.octets(number))
        let report = try await play.sync()
        #expect(play.here("INBOX") == (2...number).map(Play.mail))
        #expect(report.problems.count == 1 && report.problems.first?.reason.contains("keeps it") == true)
      }
      #expect(try play.there("INBOX").count == 3)
      server.trouble = ServerTrouble()
      #expect(try await play.sync().isClean)
      #expect(try play.there("INBOX") == [2, 3].map(Play.mail))
    }
  }
}
