import Control
import Foundation
import Mail
import Support
import Testing

/// `martlet doctor`: each thing that it looks for is provoked once, told, and mended where that is without risk; the mail
/// of both sides is the same before and after.
@Suite("The doctor", .notAllAtOnce)
struct DoctorTests {
  @Test("finds nothing wrong with an account in sync, with and without a daemon", arguments: [false, true])
  func healthy(hasDaemon: Bool) async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server)
      let daemon = hasDaemon ? try await both.installation.start() : nil
      let (code, report) = try await both.installation.doctor()
      #expect(code == 0)
      #expect(report.allFindings.filter(\.isOpen) == [])
      #expect((report.daemon != nil) == hasDaemon)
      #expect(report.accounts.first?.fine.contains("both sides and the ledger agree") == true, "\(report)")
      await daemon?.stop()
      #expect(try await both.differences() == [])
    }
  }

  @Test("tells and narrows what others could read: the password, the state directory, the ledger")
  func permissions() async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server)
      let installation = both.installation
      let configuration = installation.folder.appending("config.toml")
      let state = "\(installation.stateDirectory)/\(Installation.account)"
      let ledger = state + "/ledger.sqlite"
      try setMode(0o644, configuration)
      let wrong = try await installation.run("doctor")
      #expect(wrong.ending == .exited(78))
      #expect(wrong.errors.contains("doctor --fix shuts \(configuration)"), "\(wrong.errors)")
      #expect(mode(configuration) == 0o644)
      try setMode(0o755, state)
      try setMode(0o640, ledger)
      let (code, report) = try await installation.doctor("--fix")
      #expect(code == 0, "\(report)")
      #expect(Set(report.allFindings.filter { $0.state == .mended }.map(\.subject)) == [configuration, state, ledger])
      #expect([configuration, state, ledger].map(mode) == [0o600, 0o700, 0o600])
      #expect(try await both.differences() == [])
    }
  }

  @Test("sets a damaged ledger aside, as a start would, and no mail is touched for it (L3, L8)")
  func damagedLedger() async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server)
      try damageLedger(of: both.installation)
      let (code, report) = try await both.installation.doctor()
      #expect(code == 1)
      #expect(report.open.map(\.kind) == ["ledger"])
      let (fixed, mended) = try await both.installation.doctor("--fix")
      #expect(fixed == 0, "\(mended)")
      #expect(mended.allFindings.contains { $0.kind == "ledger" && $0.state == .mended })
      #expect(try await both.installation.syncCleanly().isEmpty)
      #expect(try await both.differences() == [])
    }
  }

  @Test("leaves the ledger of a running daemon alone, and says so with 75")
  func daemonsLedger() async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server)
      let daemon = try await both.installation.start()
      try damageLedger(of: both.installation)
      let (code, report) = try await both.installation.doctor("--fix")
      #expect(code == 75, "\(report)")
      #expect(report.allFindings.first { $0.state == .held }?.reason?.contains("the daemon (process") == true)
      daemon.signal(SIGKILL)
      _ = try await daemon.wait()
      #expect(try await both.installation.doctor("--fix").code == 0)
      try await both.installation.syncCleanly()
      #expect(try await both.differences() == [])
    }
  }

  @Test("knows a root that is missing or another, and makes nothing of it (L8)", arguments: ["missing", "unmarked"])
  func root(loss: String) async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server)
      let gone = both.installation.maildir + (loss == "missing" ? "" : "/.martlet/marker")
      try FileManager.default.moveItem(atPath: gone, toPath: both.installation.folder.appending("away"))
      let (code, report) = try await both.installation.doctor("--fix")
      #expect(code == 1)
      #expect(report.open.map(\.kind) == ["root"], "\(report)")
      #expect(!FileManager.default.fileExists(atPath: gone))
      try FileManager.default.moveItem(atPath: both.installation.folder.appending("away"), toPath: gone)
      #expect(try await both.installation.doctor().code == 0)
      #expect(try await both.differences() == [])
    }
  }

  @Test("makes tmp anew, removes what an earlier martlet left, and keeps the mail")
  func maildir() async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server)
      let inbox = both.installation.maildirFolder().path
      let work = both.installation.maildirFolder(Names.work).path
      try FileManager.default.removeItem(atPath: work + "/tmp")
      let draft = "\(inbox)/tmp/1700000000.M1P2Q3Rab.\(ProcessInfo.processInfo.hostName)"
      try Data("Subject: torn".utf8).write(to: URL(filePath: draft))
      let theirs = inbox + "/tmp/theirs"
      try Data("Subject: on its way".utf8).write(to: URL(filePath: theirs))
      let (code, report) = try await both.installation.doctor()
      #expect(code == 1)
      #expect(Set(report.open.map(\.kind)) == ["folder", "leftover"], "\(report)")
      #expect(FileManager.default.fileExists(atPath: draft))
      let (fixed, mended) = try await both.installation.doctor("--fix")
      #expect(fixed == 0, "\(mended)")
      #expect(FileManager.default.fileExists(atPath: work + "/tmp"))
      #expect(!FileManager.default.fileExists(atPath: draft))
      #expect(FileManager.default.fileExists(atPath: theirs))
      #expect(try await both.installation.syncCleanly().isEmpty)
      #expect(try await both.differences() == [])
    }
  }

  @Test("does not make a directory anew that took messages with it: they would pass for deleted (L8)")
  func lostDirectory() async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server)
      let cur = both.installation.maildirFolder().path + "/cur"
      let away = both.installation.folder.appending("cur")
      let mails = await both.mails
      try await both.setInMaildir(.seen, mails[0])
      try await both.installation.syncCleanly()
      try FileManager.default.moveItem(atPath: cur, toPath: away)
      let (code, report) = try await both.installation.doctor("--fix")
      #expect(code == 1)
      #expect(
        report.open.contains { $0.kind == "folder" && !$0.mendable && $0.text.contains("nothing is deleted") },
        "\(report)")
      #expect(!FileManager.default.fileExists(atPath: cur))
      try FileManager.default.moveItem(atPath: away, toPath: cur)
      #expect(try await both.installation.doctor().code == 0)
      #expect(try await both.differences() == [])
    }
  }

  @Test("tells of a table of keywords that cannot be read, and leaves it")
  func keywords() async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server)
      let table = both.installation.maildirFolder().path + "/dovecot-keywords"
      let away = both.installation.folder.appending("table")
      try FileManager.default.moveItem(atPath: table, toPath: away)
      try FileManager.default.createDirectory(atPath: table, withIntermediateDirectories: false)
      let (code, report) = try await both.installation.doctor("--fix")
      #expect(code == 1)
      #expect(report.open.contains { $0.kind == "keywords" && $0.subject.hasSuffix("/INBOX/dovecot-keywords") })
      try FileManager.default.removeItem(atPath: table)
      try FileManager.default.moveItem(atPath: away, toPath: table)
      #expect(try await both.installation.doctor().code == 0)
      #expect(try await both.differences() == [])
    }
  }

  @Test("tells what the next sync would delete, and leaves that to it; what is new is no trouble")
  func outOfSync() async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server)
      let mails = await both.mails
      try await both.append(2)
      #expect(try await both.installation.doctor().code == 0)
      try await both.unlink(mails[0])
      let (code, report) = try await both.installation.doctor("--fix")
      #expect(code == 1)
      #expect(report.open.map(\.kind) == ["out-of-sync"], "\(report)")
      #expect(report.open.first?.text.contains("1 message is gone on the local side") == true)
      #expect(try await both.count() == 12)
      try await both.installation.syncCleanly()
      #expect(try await both.installation.doctor().code == 0)
      #expect(try await both.differences() == [])
    }
  }

  private func synced(_ server: DovecotServer) async throws -> BothSides {
    let both = BothSides(try Installation(.tls(server, user: "a")), try await server.client("a"))
    try await both.createOnServer(Names.work)
    let mails = try await both.append(10)
    try await both.storeOnServer(.add, FlagSet(keywords: [Names.keyword]), mails[0])
    try await both.append(1, to: Names.work)
    try await both.installation.syncCleanly()
    return both
  }

  /// All but the first page.
  private func damageLedger(of installation: Installation) throws {
    let ledger = URL(filePath: "\(installation.stateDirectory)/\(Installation.account)/ledger.sqlite")
    let file = try FileHandle(forWritingTo: ledger)
    let size = try file.seekToEnd()
    try file.seek(toOffset: 4096)
    try file.write(contentsOf: Data(repeating: 0x5A, count: Int(size) - 4096))
    try file.close()
  }
}
